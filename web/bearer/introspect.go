package bearer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

const (
	maxKeep    = 5 * time.Second
	maxAnswers = 10_000
	patience   = 3 // failures in a row after which the issuer is left alone for a second
)

// Introspect asks the issuer about each token that is good by itself (RFC 7662),
// as a client that the issuer knows. No answer, and every answer that is not a
// plain yes, means no.
type Introspect struct {
	ClientID, ClientSecret string
	Endpoint               string        // "": from discovery
	Keep                   time.Duration // how long an answer holds; 0, or more than 5 s: 5 s
}

func (i *Introspect) check(c *Config) []error {
	var problems []error
	if i.ClientID == "" || i.ClientSecret == "" {
		problems = append(problems, errors.New("Introspect: ClientID or ClientSecret is empty"))
	}
	if i.Endpoint == "" && c.Keys != nil {
		problems = append(problems, errors.New("Introspect: Endpoint is empty, and Keys leaves no discovery to find it by"))
	}
	if i.Endpoint != "" {
		if err := checkURL(i.Endpoint); err != nil {
			problems = append(problems, fmt.Errorf("Introspect: Endpoint: %w", err))
		}
	}
	if i.Keep < 0 {
		problems = append(problems, errors.New("Introspect: Keep is negative"))
	}
	return problems
}

// introspection keeps the issuer's answers for a moment. What it keeps is an
// answer about one token, found by a hash of the whole token; no decision is
// kept, so scopes, times and parties are judged anew for each request.
type introspection struct {
	Introspect
	published *remote // where the endpoint is found, if Endpoint is empty
	client    *http.Client
	now       func() time.Time
	ctx       context.Context // the guard's: a question is nobody's request in particular

	mu       sync.Mutex
	answers  map[[sha256.Size]byte]*answer
	swept    time.Time
	failures int
	retry    time.Time
}

// answer is one that came or is awaited. The result is set before done is closed.
type answer struct {
	asked  time.Time // its age counts from here: the issuer may have judged then
	done   chan struct{}
	active bool
	err    error
}

func newIntrospection(ctx context.Context, c *Config, published *remote) *introspection {
	i := &introspection{
		Introspect: *c.Introspect, published: published, client: c.Client, now: c.Now, ctx: ctx,
		answers: map[[sha256.Size]byte]*answer{},
	}
	if i.Keep == 0 || i.Keep > maxKeep {
		i.Keep = maxKeep
	}
	return i
}

// active implements Live.
func (i *introspection) active(ctx context.Context, raw string, c *Claims) (bool, error) {
	key := sha256.Sum256([]byte(c.Issuer + "\x00" + raw))
	i.mu.Lock()
	now := i.now()
	a := i.answers[key]
	if a == nil || !a.fresh(now, i.Keep) {
		if i.failures >= patience && now.Before(i.retry) && i.retry.Sub(now) <= time.Second {
			i.mu.Unlock()
			return false, errors.New("introspection: left alone after failures")
		}
		a = i.ask(key, raw, c, now)
	}
	i.mu.Unlock()
	select {
	case <-a.done:
		return a.active, a.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// fresh tells whether an answer still holds. One from the future is from before
// the clock was set back.
func (a *answer) fresh(now time.Time, keep time.Duration) bool {
	age := now.Sub(a.asked)
	return age >= 0 && age < keep
}

// ask begins a question. i.mu is held.
func (i *introspection) ask(key [sha256.Size]byte, raw string, c *Claims, now time.Time) *answer {
	i.sweep(now)
	a := &answer{asked: now, done: make(chan struct{})}
	i.answers[key] = a
	go func() {
		a.active, a.err = i.call(raw, c)
		i.mu.Lock()
		defer i.mu.Unlock()
		if a.err == nil {
			i.failures = 0
		} else {
			i.failures++
			i.retry = i.now().Add(time.Second)
			if i.answers[key] == a {
				delete(i.answers, key)
			}
		}
		close(a.done)
	}()
	return a
}

// sweep forgets old answers, and all if there are too many; who waits for one
// holds it. i.mu is held.
func (i *introspection) sweep(now time.Time) {
	if len(i.answers) >= maxAnswers {
		clear(i.answers)
	}
	if age := now.Sub(i.swept); age >= 0 && age < i.Keep {
		return
	}
	i.swept = now
	for key, a := range i.answers {
		if !a.fresh(now, i.Keep) {
			delete(i.answers, key)
		}
	}
}

// call asks the issuer (RFC 7662 §2.1).
func (i *introspection) call(raw string, c *Claims) (bool, error) {
	ctx, cancel := context.WithTimeout(i.ctx, fetchTimeout)
	defer cancel()
	endpoint := i.Endpoint
	if endpoint == "" {
		s, err := i.published.snapshot(ctx)
		if err != nil {
			return false, fmt.Errorf("introspection: %w", err)
		}
		if endpoint = s.meta.introspection; endpoint == "" {
			return false, errors.New("introspection: the issuer's metadata have no introspection_endpoint")
		}
	}
	form := url.Values{"token": {raw}, "token_type_hint": {"access_token"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return false, fmt.Errorf("introspection: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(i.ClientID), url.QueryEscape(i.ClientSecret)) // RFC 6749 §2.3.1
	body, err := call(i.client, r)
	if err != nil {
		return false, fmt.Errorf("introspection: %w", err)
	}
	return readAnswer(body, c)
}

// readAnswer takes yes for yes only if the answer speaks of this token, as far as
// it says of which (RFC 7662 §2.2).
func readAnswer(body []byte, c *Claims) (bool, error) {
	var members map[string]any
	if err := strictjson.Decode(body, &members); err != nil {
		return false, fmt.Errorf("introspection: %w", err)
	}
	active, ok := members["active"].(bool)
	if !ok {
		return false, errors.New("introspection: the answer does not say whether the token is active")
	}
	for name, want := range map[string]string{"iss": c.Issuer, "sub": c.Subject, "client_id": c.ClientID, "jti": c.ID} {
		if got, ok := members[name]; active && ok && got != want {
			return false, fmt.Errorf("introspection: the answer has another %s than the token", name)
		}
	}
	return active, nil
}
