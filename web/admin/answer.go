package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/middleware"
)

// Error is a refusal, as it is answered and as the client returns it.
type Error struct {
	Status  int    `json:"-"`
	Code    string `json:"code"`    // one word to branch on
	Message string `json:"message"` // whole sentences for the administrator
	Field   string `json:"field,omitempty"`

	cause error // for the log
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns what only the log may tell; nil on the client's side.
func (e *Error) Unwrap() error { return e.cause }

func invalid(field, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "invalid", Field: field, Message: fmt.Sprintf(format, args...)}
}

// asError finds the refusal in err; what nobody foresaw is unavailable.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*directory.InvalidError](err); ok {
		if e.Field == "attributes" { // each problem names its attribute
			return invalid(e.Field, "%s", e.Message)
		}
		return invalid(e.Field, "%s %s", e.Field, e.Message)
	}
	for refusal, e := range linkErrors {
		if errors.Is(err, refusal) {
			return e
		}
	}
	switch {
	case errors.Is(err, directory.ErrNoUser):
		return &Error{Status: http.StatusNotFound, Code: "no_such_user", Message: "There is no such user in this pool."}
	case errors.Is(err, directory.ErrExists):
		return &Error{Status: http.StatusConflict, Code: "user_exists", Message: "A user of that name exists already."}
	case errors.Is(err, signin.ErrNoTrace):
		return &Error{Status: http.StatusNotFound, Code: "no_such_trace", Message: "No explanation is kept under that id."}
	case errors.Is(err, directory.ErrOverloaded):
		return &Error{Status: http.StatusServiceUnavailable, Code: "overloaded", Message: "Too many passwords are being checked at the moment."}
	}
	return &Error{Status: http.StatusServiceUnavailable, Code: "unavailable", cause: err}
}

// refusal always answers the same.
func refusal(e *Error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { writeError(w, r, e) })
}

// writeError answers with a refusal. The cause goes to the log, under the
// request id that the answer names (security row A177).
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	e, event := asError(err), middleware.EventFrom(r.Context())
	event.Set("refused", e.Code)
	if e.cause != nil {
		event.Set("error", e.cause)
	}
	if e.Code == "unavailable" {
		e.Message = "The hub could not do this; its log says why, under the request id " + event.ID() + "."
	}
	if e.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	writeJSON(w, e.Status, e)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(fmt.Errorf("an answer is not JSON: %w", err))
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the client may have gone; nobody is left to tell
}
