package middleware

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// maxTarget is how long a request's target may be, in bytes. The longest that
// we mean to serve is a sign-out with an ID token as hint.
const maxTarget = 16 << 10

const formType = "application/x-www-form-urlencoded"

// Limits are what one kind of route takes (security rows A122 and A199). The
// size of headers, 32 KiB, is a setting of http.Server.
type Limits struct {
	Body       int64    // bytes
	Parameters int      // in the query and a form together
	Types      []string // media types a body may have, without parameters
}

// FormLimits are those of routes that take forms: 64 KiB, 100 parameters.
func FormLimits() Limits { return Limits{Body: 64 << 10, Parameters: 100, Types: []string{formType}} }

// APILimits are those of routes that take JSON, under its own media type or the
// ones given instead: 1 MiB, 100 parameters in the query.
func APILimits(types ...string) Limits {
	if len(types) == 0 {
		types = []string{"application/json"}
	}
	return Limits{Body: 1 << 20, Parameters: 100, Types: types}
}

// Limit refuses what is larger or other than the route takes: 414 for the
// target, 415 for a content type, charset or content coding, 413 for the body,
// 400 for a body on GET and HEAD and for too many parameters.
//
// A form is read here, counted, and handed on from memory. Any other body is
// handed on unread; a read beyond the limit fails with *http.MaxBytesError.
func Limit(l Limits, refuse Refuse) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if fault := l.check(r); fault != nil {
				fault.send(w, r, refuse)
				return
			}
			if r.ContentLength == 0 {
				next.ServeHTTP(w, r)
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, l.Body)
			if r.Header.Get("Content-Type") != "" && slices.Contains(l.Types, formType) {
				if fault := l.readForm(r); fault != nil {
					fault.send(w, r, refuse)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// excess says by what a request is beyond the limits.
type excess struct {
	status       int
	word, reason string
}

func (x *excess) send(w http.ResponseWriter, r *http.Request, refuse Refuse) {
	switch x.status {
	case http.StatusUnsupportedMediaType:
		w.Header().Set("Accept-Encoding", "identity") // RFC 9110 §15.5.16
	case http.StatusRequestEntityTooLarge:
		w.Header().Set("Connection", "close") // the rest of the body is not waited for
	}
	refuse.send(w, r, x.status, x.word, x.reason)
}

// check judges all that can be judged before the body is read.
func (l Limits) check(r *http.Request) *excess {
	if len(r.RequestURI) > maxTarget {
		return &excess{http.StatusRequestURITooLong, "target_too_long", fmt.Sprintf("The address of the request is longer than %d bytes.", maxTarget)}
	}
	if parameters(r.URL.RawQuery) > l.Parameters {
		return l.tooMany()
	}
	if r.ContentLength == 0 {
		return nil
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return &excess{http.StatusBadRequest, "body_unexpected", "A request of this method has no body here."}
	}
	for _, line := range r.Header["Content-Encoding"] {
		if !strings.EqualFold(strings.TrimSpace(line), "identity") {
			return &excess{http.StatusUnsupportedMediaType, "content_encoding", "The body must not be compressed."}
		}
	}
	if !l.takes(r.Header["Content-Type"]) {
		return &excess{http.StatusUnsupportedMediaType, "content_type", "The content type must be " + strings.Join(l.Types, " or ") + ", in UTF-8."}
	}
	if r.ContentLength > l.Body {
		return l.tooLarge()
	}
	return nil
}

func (l Limits) tooMany() *excess {
	return &excess{http.StatusBadRequest, "too_many_parameters", fmt.Sprintf("The request has more than %d parameters.", l.Parameters)}
}

func (l Limits) tooLarge() *excess {
	return &excess{http.StatusRequestEntityTooLarge, "body_too_large", fmt.Sprintf("The body is larger than %d bytes.", l.Body)}
}

// takes judges a Content-Type header: one line, a type of the route, and no
// parameter but the charset that all our readers assume.
func (l Limits) takes(lines []string) bool {
	if len(lines) != 1 {
		return false
	}
	if slices.Contains(l.Types, lines[0]) {
		return true
	}
	name, parameters, err := mime.ParseMediaType(lines[0])
	if err != nil || !slices.Contains(l.Types, name) {
		return false
	}
	charset, ok := parameters["charset"]
	return len(parameters) == 0 || len(parameters) == 1 && ok && strings.EqualFold(charset, "utf-8")
}

// readForm takes the form into memory and counts its parameters.
func (l Limits) readForm(r *http.Request) *excess {
	var form bytes.Buffer
	if r.ContentLength > 0 {
		form.Grow(int(r.ContentLength) + bytes.MinRead) // check held it below l.Body
	}
	if _, err := form.ReadFrom(r.Body); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return l.tooLarge()
		}
		return &excess{http.StatusBadRequest, "body_unreadable", "The body ended before its time."}
	}
	if parameters(r.URL.RawQuery)+parameters(form.String()) > l.Parameters {
		return l.tooMany()
	}
	r.Body = io.NopCloser(&form)
	return nil
}

// parameters counts the pairs of a query or form without reading them.
func parameters(encoded string) int {
	if encoded == "" {
		return 0
	}
	return 1 + strings.Count(encoded, "&")
}
