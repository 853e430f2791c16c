package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/isthmus-hub/isthmus/hub/signin"
)

// maxAnswer bounds an answer in bytes: a page of a thousand users.
const maxAnswer = 256 << 20

// Client calls the API. A refusal is an *Error. It is safe for use by many
// goroutines.
type Client struct {
	http  *http.Client
	close func()
}

// Dial returns a client of the hub that listens at the socket, or ErrNoServer.
func Dial(ctx context.Context, socket string) (*Client, error) {
	c, err := dial(ctx, socket)
	if err != nil {
		return nil, err
	}
	if err := c.Close(); err != nil {
		return nil, err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, socket) }}
	return &Client{http: &http.Client{Transport: transport, Timeout: time.Minute}, close: transport.CloseIdleConnections}, nil
}

// Local returns a client that calls the handler in this process, in the name of
// the user who runs it.
func Local(h http.Handler) *Client {
	return &Client{http: &http.Client{Transport: local{h}}, close: func() {}}
}

// Close lets go of idle connections.
func (c *Client) Close() { c.close() }

// Pools lists the pools.
func (c *Client) Pools(ctx context.Context) ([]Pool, error) {
	answer, err := call[Pools](ctx, c, "GET", "/pools", nil)
	return answer.Pools, err
}

// Users returns a page of a pool's users: after is the Next of the page before,
// and limit 0 takes the default of 100.
func (c *Client) Users(ctx context.Context, pool, after string, limit int) (Users, error) {
	return call[Users](ctx, c, "GET", path("pools", pool, "users")+page(url.Values{}, after, limit), nil)
}

// User finds a user by name or sub.
func (c *Client) User(ctx context.Context, pool, name string) (User, error) {
	return call[User](ctx, c, "GET", path("pools", pool, "users", name), nil)
}

// CreateUser makes a user.
func (c *Client) CreateUser(ctx context.Context, pool string, n NewUser) (Created, error) {
	return call[Created](ctx, c, "POST", path("pools", pool, "users"), n)
}

// SetEnabled lets a user in or keeps it out.
func (c *Client) SetEnabled(ctx context.Context, pool, name string, enabled bool) (User, error) {
	verb := "disable"
	if enabled {
		verb = "enable"
	}
	return call[User](ctx, c, "POST", path("pools", pool, "users", name, verb), nil)
}

// SignOutUser signs a user out everywhere, and returns the user.
func (c *Client) SignOutUser(ctx context.Context, pool, name string) (User, error) {
	return call[User](ctx, c, "POST", path("pools", pool, "users", name, "signout"), nil)
}

// DeleteUser removes a user and returns what it was.
func (c *Client) DeleteUser(ctx context.Context, pool, name string) (User, error) {
	return call[User](ctx, c, "DELETE", path("pools", pool, "users", name), nil)
}

// LinkUser joins an identity to a user, and returns the user.
func (c *Client) LinkUser(ctx context.Context, pool, name string, n NewLink) (User, error) {
	return call[User](ctx, c, "POST", path("pools", pool, "users", name, "links"), n)
}

// UnlinkUser takes an identity off a user, and returns the user. Issuer may be
// empty where one identity fits.
func (c *Client) UnlinkUser(ctx context.Context, pool, name string, l NewLink) (User, error) {
	values := url.Values{"provider": {l.Provider}, "subject": {l.Subject}}
	if l.Issuer != "" {
		values.Set("issuer", l.Issuer)
	}
	return call[User](ctx, c, "DELETE", path("pools", pool, "users", name, "links")+"?"+values.Encode(), nil)
}

// Duplicates finds users who look like one person.
func (c *Client) Duplicates(ctx context.Context, pool string, limit int) (Duplicates, error) {
	return call[Duplicates](ctx, c, "GET", path("pools", pool, "duplicates")+page(url.Values{}, "", limit), nil)
}

// SetGroup puts a user into a group or takes it out, and returns the user.
func (c *Client) SetGroup(ctx context.Context, pool, name, group string, in bool) (User, error) {
	if in {
		return call[User](ctx, c, "POST", path("pools", pool, "users", name, "groups"), Membership{Group: group})
	}
	return call[User](ctx, c, "DELETE", path("pools", pool, "users", name, "groups", group), nil)
}

// ClaimSets lists the claims that are kept of a provider, masked.
func (c *Client) ClaimSets(ctx context.Context, pool, provider string) ([]ClaimSet, error) {
	answer, err := call[ClaimSets](ctx, c, "GET", path("pools", pool, "providers", provider, "samples"), nil)
	return answer.Samples, err
}

// TryMapping says what a mapping would make of people's claims.
func (c *Client) TryMapping(ctx context.Context, pool, provider string, t Trial) (Tries, error) {
	return call[Tries](ctx, c, "POST", path("pools", pool, "providers", provider, "try"), t)
}

// Traces returns a page of a pool's stopped sign-ins, the newest first.
func (c *Client) Traces(ctx context.Context, pool string, f signin.TraceFilter, after string, limit int) (Traces, error) {
	values := url.Values{}
	for name, value := range map[string]string{"client": f.Client, "provider": f.Provider, "reason": string(f.Reason)} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return call[Traces](ctx, c, "GET", path("pools", pool, "traces")+page(values, after, limit), nil)
}

// Trace explains a stopped sign-in.
func (c *Client) Trace(ctx context.Context, pool, id string) (Trace, error) {
	return call[Trace](ctx, c, "GET", path("pools", pool, "traces", id), nil)
}

// Logouts returns a page of a pool's logouts, the newest first. A page may be
// short, and the list goes on until Next is empty.
func (c *Client) Logouts(ctx context.Context, pool string, f LogoutFilter, after string, limit int) (Logouts, error) {
	values := url.Values{}
	for name, value := range map[string]string{"user": f.User, "client": f.Client} {
		if value != "" {
			values.Set(name, value)
		}
	}
	for name, on := range map[string]bool{"open": f.Open, "watch": f.Watch} {
		if on {
			values.Set(name, "true")
		}
	}
	return call[Logouts](ctx, c, "GET", path("pools", pool, "logouts")+page(values, after, limit), nil)
}

// Logout finds a logout by its id, or by a part of it that no other of the
// latest has.
func (c *Client) Logout(ctx context.Context, pool, id string) (Logout, error) {
	return call[Logout](ctx, c, "GET", path("pools", pool, "logouts", id), nil)
}

// Keys lists a pool's signing keys.
func (c *Client) Keys(ctx context.Context, pool string) ([]Key, error) {
	answer, err := call[Keys](ctx, c, "GET", path("pools", pool, "keys"), nil)
	return answer.Keys, err
}

// RotateKeys publishes a new signing key, and lets it sign at once if now is set.
func (c *Client) RotateKeys(ctx context.Context, pool string, now bool) ([]Key, error) {
	answer, err := call[Keys](ctx, c, "POST", path("pools", pool, "keys", "rotate"), Rotation{Now: now})
	return answer.Keys, err
}

// WithdrawKey removes a signing key at once and for good, and returns those that
// are left.
func (c *Client) WithdrawKey(ctx context.Context, pool, id string) ([]Key, error) {
	answer, err := call[Keys](ctx, c, "DELETE", path("pools", pool, "keys", id), nil)
	return answer.Keys, err
}

// Clients lists a pool's clients, of the file and registered.
func (c *Client) Clients(ctx context.Context, pool string) ([]App, error) {
	answer, err := call[Apps](ctx, c, "GET", path("pools", pool, "clients"), nil)
	return answer.Clients, err
}

// DeleteClient removes a client that registered itself and returns what it was.
func (c *Client) DeleteClient(ctx context.Context, pool, id string) (App, error) {
	return call[App](ctx, c, "DELETE", path("pools", pool, "clients", id), nil)
}

// OpenRegistration makes a token that lets its bearer register one client.
func (c *Client) OpenRegistration(ctx context.Context, pool string) (RegistrationToken, error) {
	return call[RegistrationToken](ctx, c, "POST", path("pools", pool, "registration-tokens"), nil)
}

// Reload lets the hub take up its changed configuration.
func (c *Client) Reload(ctx context.Context) (Reloaded, error) {
	return call[Reloaded](ctx, c, "POST", "/reload", nil)
}

func path(parts ...string) string {
	p := ""
	for _, part := range parts {
		p += "/" + url.PathEscape(part)
	}
	return p
}

func page(values url.Values, after string, limit int) string {
	if after != "" {
		values.Set("after", after)
	}
	if limit != 0 {
		values.Set("limit", strconv.Itoa(limit))
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// call sends one request and reads its answer.
func call[T any](ctx context.Context, c *Client, method, path string, body any) (answer T, err error) {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return answer, err
		}
		reader = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://isthmus"+path, reader)
	if err != nil {
		return answer, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(r)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // the address is made up
		}
		return answer, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer, err
	}
	if res.StatusCode >= 300 {
		e := &Error{Status: res.StatusCode}
		if json.Unmarshal(data, e) != nil || e.Code == "" {
			return answer, fmt.Errorf("the hub answered with status %d", res.StatusCode)
		}
		return answer, e
	}
	return answer, json.Unmarshal(data, &answer)
}

// local is a transport that calls a handler.
type local struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (l local) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(context.WithValue(r.Context(), actorKey{}, user(os.Getuid())))
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "@"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := &answer{header: http.Header{}, status: http.StatusOK}
	l.handler.ServeHTTP(w, r)
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// answer is a response held in memory.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
