package migration

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/isthmus-hub/isthmus/idp/outbound"
)

// System is where people come from.
type System interface {
	// Ask returns the person whose name and password are right. ErrWrong says that
	// they are not, an *Error that nobody knows.
	Ask(ctx context.Context, q Question) (*Person, error)
	// String names the system in explanations, without any secret.
	String() string
}

// Question is a try to sign in.
type Question struct {
	Username, Password string
	ClientID, Pool     string // the app's and the hub's
}

// Format prints a question without its password, whatever the verb.
func (q Question) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "question about a user of %s", q.Pool) }

// LogValue is Format for slog.
func (q Question) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(q)) }

// Person is who was right, in the words of the other system.
type Person struct {
	Username   string            // as it is called there; empty: not told
	Subject    string            // its sub there; may be empty
	Attributes map[string]string // as they came: nothing is checked against a schema
}

// ErrWrong says that the other system knows nobody of that name and password.
var ErrWrong = errors.New("the old system refuses this user name and password")

// Kind is what kept an answer from being yes or no.
type Kind string

// The kinds of an Error.
const (
	Unreachable Kind = "unreachable" // no connection, or none that the outbound policy allows
	Late        Kind = "late"
	Unexpected  Kind = "unexpected" // an answer that is none
	Misread     Kind = "misread"    // an answer that means yes, in a form that cannot be taken
	Refused     Kind = "refused"    // it does not take our question: the configuration is wrong
	Challenge   Kind = "challenge"  // the password is right, and not enough there
	Incomplete  Kind = "incomplete" // the person lacks what the pool requires
)

// Error says why nothing is known of a person.
type Error struct {
	System string
	Kind   Kind
	Detail string // for administrators; without values
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %s", e.System, e.Kind, e.Detail) }

// Bounds of an answer.
const (
	maxAnswer     = 64 << 10 // bytes
	maxAttributes = 200
)

// DefaultTimeout is how long one question may take, of however many calls.
const DefaultTimeout = 5 * time.Second

// caller sends requests to a system.
type caller struct {
	name    string
	client  *http.Client
	timeout time.Duration
}

func (c *caller) String() string { return c.name }

func (c *caller) fail(kind Kind, format string, args ...any) *Error {
	return &Error{System: c.name, Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// call sends a request and reads the answer. The error is an *Error.
func (c *caller) call(r *http.Request) (status int, body []byte, err error) {
	r.Header.Set("Accept", "application/json")
	res, err := c.client.Do(r)
	if err != nil {
		return 0, nil, c.failed(err)
	}
	if body, err = outbound.ReadAll(res, maxAnswer); err != nil {
		if large, ok := errors.AsType[*outbound.TooLarge](err); ok {
			return 0, nil, c.fail(Unexpected, "%s", large)
		}
		return 0, nil, c.failed(err)
	}
	return res.StatusCode, body, nil
}

func (c *caller) failed(err error) *Error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if timeout, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout() {
		return c.fail(Late, "no answer within %s", c.timeout)
	}
	return c.fail(Unreachable, "%v", err)
}

// host names the place of an address, and nothing else of it.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that cannot be read"
	}
	return u.Host
}
