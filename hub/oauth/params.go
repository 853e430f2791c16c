package oauth

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a query or form. Sizes are in bytes after decoding, but for MaxEncoded.
const (
	MaxParams    = 100     // parameters in one query or form
	MaxEncoded   = 1 << 16 // whole query or form as it came over the wire
	MaxState     = 2048    // state and nonce, which are returned byte for byte
	maxValue     = 2048    // parameters without an entry of their own in known
	maxLongValue = 1 << 14 // tokens, assertions, request objects
)

// known holds the parameters that the hub reads at any of its endpoints, and the limit of each. A name outside it is an unknown
// extension: ignored, however often it comes (RFC 6749 §3.1 and §3.2).
var known = map[string]int{
	"access_token": maxLongValue, "acr_values": maxValue, "assertion": maxLongValue, "claims": 8192, "claims_locales": maxValue,
	"client_assertion": maxLongValue, "client_assertion_type": maxValue, "client_id": 256, "client_secret": 1024, "code": 8192,
	"code_challenge": maxValue, "code_challenge_method": maxValue, "code_verifier": maxValue, "device_code": maxValue,
	"display": maxValue, "error": maxValue, "error_description": maxValue, "error_uri": maxValue, "grant_type": maxValue,
	"id_token_hint": maxLongValue, "identity_provider": 256, "idp_identifier": 256, "iss": maxValue, "lang": 256,
	"login_hint": maxValue, "logout_hint": maxValue, "logout_token": maxLongValue, "logout_uri": MaxRedirectURI, "max_age": maxValue, "nonce": MaxState,
	"password": maxValue, "post_logout_redirect_uri": MaxRedirectURI, "prompt": maxValue, "redirect_uri": MaxRedirectURI,
	"refresh_token": maxLongValue, "registration": maxLongValue, "request": maxLongValue, "request_uri": maxValue, "resource": maxValue,
	"actor_token": maxLongValue, "actor_token_type": maxValue, "audience": maxValue, "requested_token_type": maxValue,
	"subject_token": maxLongValue, "subject_token_type": maxValue, "user_code": 256, "dpop_jkt": 256,
	"response_mode": maxValue, "response_type": maxValue, "scope": 8192, "state": MaxState, "token": maxLongValue,
	"token_type_hint": maxValue, "ui_locales": maxValue, "username": maxValue,
}

// repeatable names the parameters that a specification allows more than once: resource, by RFC 8707 §2.
var repeatable = map[string]bool{"resource": true}

// Params are the OAuth parameters of one query or form. A parameter without a value counts as omitted (RFC 6749 §3.1).
// The zero value holds none.
type Params struct {
	values map[string][]string
	broken map[string]*Error
	over   *Error
}

// ParseQuery decodes a raw query or an application/x-www-form-urlencoded body. Unlike url.URL.Query it refuses what does not decode,
// more than MaxEncoded bytes and more than MaxParams pairs; the error is an *Error with invalid_request, and then there are no values.
func ParseQuery(raw string) (url.Values, error) {
	if len(raw) > MaxEncoded {
		return nil, Errorf(InvalidRequest, "the parameters are larger than %d bytes", MaxEncoded)
	}
	if strings.Count(raw, "&") >= MaxParams {
		return nil, tooMany()
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, Wrap(err, InvalidRequest, "the parameters are not correctly encoded")
	}
	return values, nil
}

// NewParams reads v. The Params are usable whatever v holds: a parameter that came twice, is too long, is not valid UTF-8 or has a
// control character reads as absent, and Err and ErrOf say why.
func NewParams(v url.Values) Params {
	p := Params{values: make(map[string][]string, len(v))}
	pairs := 0
	for name, values := range v {
		pairs += len(values)
		limit, ok := known[name]
		if !ok {
			continue
		}
		if err := checkValues(name, values, limit); err != nil {
			if p.broken == nil {
				p.broken = make(map[string]*Error)
			}
			p.broken[name] = err
			continue
		}
		if values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" }); len(values) > 0 {
			p.values[name] = values
		}
	}
	if pairs > MaxParams {
		p.over = tooMany()
	}
	return p
}

// Get returns the value of the parameter, or "" when it is absent, empty or broken. A name that the hub does not know is always absent.
func (p Params) Get(name string) string {
	if values := p.values[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// All returns every value of a parameter that may be repeated.
func (p Params) All(name string) []string { return p.values[name] }

// Has reports whether the parameter is there with a value.
func (p Params) Has(name string) bool { return len(p.values[name]) > 0 }

// Err returns the first fault of the whole set, by alphabet of the parameters' names; nil when there is none.
func (p Params) Err() error {
	if p.over != nil {
		return p.over
	}
	if len(p.broken) == 0 {
		return nil
	}
	return p.broken[slices.Min(slices.Collect(maps.Keys(p.broken)))]
}

// ErrOf returns the fault of one parameter; nil when it has none, also when it is absent.
func (p Params) ErrOf(name string) error {
	if err := p.broken[name]; err != nil {
		return err
	}
	return nil
}

// Values returns the parameters as url.Values: what NewParams would read again as the same set.
func (p Params) Values() url.Values {
	v := make(url.Values, len(p.values))
	for name, values := range p.values {
		v[name] = slices.Clone(values)
	}
	return v
}

// RefuseQuery checks the query of a POST whose parameters belong in the body (RFC 6749 §3.2): any OAuth parameter in it is
// invalid_request, naming the first by alphabet. A secret in a URL is in somebody's log already.
func RefuseQuery(query url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if _, ok := known[name]; ok {
			return Errorf(InvalidRequest, "%s must be sent in the body, not in the URL", name)
		}
	}
	return nil
}

func checkValues(name string, values []string, limit int) *Error {
	if len(values) > 1 && !repeatable[name] {
		return Errorf(InvalidRequest, "%s is given more than once", name)
	}
	for _, value := range values {
		if len(value) > limit {
			return Errorf(InvalidRequest, "%s is longer than %d bytes", name, limit)
		}
		if !utf8.ValidString(value) || strings.ContainsFunc(value, isControl) {
			return Errorf(InvalidRequest, "%s holds a control character or broken UTF-8", name)
		}
	}
	return nil
}

func tooMany() *Error {
	return Errorf(InvalidRequest, "there are more than %d parameters", MaxParams)
}

// isControl covers C0, DEL and C1. Browsers rewrite line ends on the way through a form_post page.
func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }
