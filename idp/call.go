package idp

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/idp/outbound"
)

// Call is one request made to a provider, for traces and metrics.
type Call struct {
	Provider string
	Step     Step
	Method   string
	Endpoint string // without query
	Status   int    // 0: no answer
	Began    time.Time
	Elapsed  time.Duration
	Kind     Kind // empty: answered, whatever the status
}

// trace gathers the calls of one operation. It is used by one goroutine at a time.
type trace struct{ calls []Call }

func (t *trace) add(calls ...Call) { t.calls = append(t.calls, calls...) }

// answer is a response, read to its end.
type answer struct {
	endpoint string
	status   int
	header   http.Header
	body     []byte
	elapsed  time.Duration
}

// do sends a request, reads at most limit bytes of the answer and records the call. Any status is an answer.
func (p *Provider) do(ctx context.Context, t *trace, step Step, r *http.Request, limit int64) (*answer, *Error) {
	return p.doWith(ctx, p.client, t, step, r, limit)
}

func (p *Provider) doWith(ctx context.Context, hc *http.Client, t *trace, step Step, r *http.Request, limit int64) (*answer, *Error) {
	r.Header.Set("User-Agent", "Isthmus")
	a := &answer{endpoint: withoutQuery(r.URL)}
	call := Call{Provider: p.cfg.Name, Step: step, Method: r.Method, Endpoint: a.endpoint, Began: p.now()}
	start := time.Now()
	res, err := hc.Do(r.WithContext(ctx))
	if err == nil {
		a.status, a.header = res.StatusCode, res.Header
		a.body, err = outbound.ReadAll(res, limit)
	}
	a.elapsed = time.Since(start)
	call.Status, call.Elapsed = a.status, a.elapsed

	var failed *Error
	if err != nil {
		if cause := ctx.Err(); cause != nil {
			err = cause
		}
		failed = a.fault(step, "", nil)
		failed.Cause = faint{err}
		failed.Kind, failed.Check = transport(err)
		call.Kind = failed.Kind
	}
	t.add(call)
	if p.cfg.Observe != nil {
		p.cfg.Observe(call)
	}
	return a, failed
}

// fault is an *Error about this answer; Provider and Mend are filled at the edge.
func (a *answer) fault(step Step, check string, cause error) *Error {
	return &Error{Step: step, Check: check, Endpoint: a.endpoint, Status: a.status, Elapsed: a.elapsed, Kind: KindInvalid, Cause: cause}
}

// statusFault is the *Error of an unwanted status.
func (a *answer) statusFault(step Step) *Error {
	e := a.fault(step, "status", nil)
	switch {
	case a.status >= 500:
		e.Kind = KindUnreachable
	case a.status >= 300 && a.status < 400:
		e.Check = "redirect"
	}
	return e
}

// mediaType is the answer's content type without parameters, lower case.
func (a *answer) mediaType() string {
	m, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return m
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

func withoutQuery(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func newRequest(method, endpoint string, form url.Values) (*http.Request, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequest(method, endpoint, body)
	if err != nil {
		return nil, err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r, nil
}
