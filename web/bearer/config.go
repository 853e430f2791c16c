package bearer

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// AnyClient in Config.Clients lets in the tokens of every client of the issuer.
// Scopes are then all that keeps one app's token from another's API.
const AnyClient = "*"

const (
	defaultLeeway  = 5 * time.Second
	maxLeeway      = time.Minute
	defaultRefresh = 5 * time.Minute
)

// Config says whose tokens are good. At least one of Clients and Audience is
// needed; with both, both must hold.
type Config struct {
	// Clients are the client_id values that are let in; or AnyClient.
	Clients []string
	// Audience is what this API calls itself in aud (RFC 8707 §2). A token must
	// name one of them. Without it, a token that has an aud is refused.
	Audience []string
	// Algorithms narrows the JWS algorithms; none given: RS256, PS256, ES256, EdDSA.
	Algorithms []string
	// Leeway is how far clocks may differ at exp and nbf; 0: 5 s, negative: none,
	// at most a minute.
	Leeway time.Duration
	// RawToken also takes "Authorization: <JWT>" without "Bearer", which apps
	// written for Amazon's API Gateway send.
	RawToken bool
	// Realm stands in challenges; "": the issuer.
	Realm string

	// Keys is where signatures are verified; nil: with the keys that the issuer
	// publishes, found by discovery.
	Keys KeySource
	// Refresh is the age at which the issuer's keys are fetched again; 0: 5 min.
	Refresh time.Duration
	// Introspect asks the issuer whether each token is still good (RFC 7662); nil:
	// a token is good until it expires.
	Introspect *Introspect
	// Live is asked instead of Introspect, in a program that knows by itself.
	Live Live

	// Client makes the calls to the issuer; nil: one that follows no redirect.
	Client *http.Client
	// Log hears why requests were refused, never with a token, and when keys
	// could not be fetched; nil: nobody hears.
	Log *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// check reports everything that is wrong with a configuration.
func (c *Config) check(issuer string) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if err := checkURL(issuer); err != nil && (c.Keys == nil || issuer == "") { // nothing is fetched from it if the keys are at hand
		bad("issuer: %w", err)
	}
	if len(c.Clients) == 0 && len(c.Audience) == 0 {
		bad("Clients and Audience are empty: name whose tokens are good, or AnyClient")
	}
	if slices.Contains(c.Clients, "") || slices.Contains(c.Audience, "") {
		bad("Clients or Audience has an empty name")
	}
	for _, a := range c.Algorithms {
		if !slices.Contains(algorithms, a) {
			bad("algorithm %q: must be one of %s", a, strings.Join(algorithms, ", "))
		}
	}
	if c.Leeway > maxLeeway {
		bad("Leeway is %s, at most %s", c.Leeway, maxLeeway)
	}
	if c.Refresh < 0 {
		bad("Refresh is negative")
	}
	if !quotable(cmp.Or(c.Realm, issuer)) {
		bad("Realm, or the issuer in its place, has a character that a challenge can not hold")
	}
	if c.Introspect != nil && c.Live != nil {
		bad("Introspect and Live are both there: one of them decides")
	}
	if i := c.Introspect; i != nil {
		problems = append(problems, i.check(c)...)
	}
	return errors.Join(problems...)
}

// fill puts the defaults in.
func (c *Config) fill(issuer string) {
	c.Realm = cmp.Or(c.Realm, issuer)
	c.Leeway = max(cmp.Or(c.Leeway, defaultLeeway), 0)
	c.Refresh = cmp.Or(c.Refresh, defaultRefresh)
	if len(c.Algorithms) == 0 {
		c.Algorithms = algorithms
	}
	if c.Client == nil {
		c.Client = &http.Client{
			Timeout:       fetchTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// checkURL holds what is asked of addresses that keys come from or secrets go
// to: https, or http to this machine itself.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no URL", text)
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q: must be a host and a path", text)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%q: must be https (http only for loopback)", text)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
