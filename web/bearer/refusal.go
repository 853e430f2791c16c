package bearer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Error is a refusal: what the caller is told, and why.
type Error struct {
	Status      int      // 401, 403, 503; 400 to a proxy that asks wrongly
	Code        string   // of RFC 6750 §3.1; "" if the request has no token at all
	Description string   // for the caller; plain words, nothing from the token
	Scopes      []string // what is needed, for insufficient_scope and for no token
	Cause       error    // for the log, may be nil; never sent
}

const (
	invalidToken      = "invalid_token"
	insufficientScope = "insufficient_scope"
	invalidRequest    = "invalid_request"
	temporary         = "temporarily_unavailable"
)

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Description
	}
	return fmt.Sprintf("%s: %v", e.Description, e.Cause)
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

func invalid(cause error) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: invalidToken, Description: "the access token is not good here", Cause: cause}
}

func insufficient(scopes []string) *Error {
	return &Error{Status: http.StatusForbidden, Code: insufficientScope, Description: "the access token lacks a scope", Scopes: scopes}
}

func unavailable(cause error) *Error {
	return &Error{Status: http.StatusServiceUnavailable, Code: temporary, Description: "access tokens can not be verified now", Cause: cause}
}

// challenge is the WWW-Authenticate value (RFC 6750 §3).
func (e *Error) challenge(realm string) string {
	var b strings.Builder
	b.WriteString(`Bearer realm="` + realm + `"`)
	if e.Code != "" {
		b.WriteString(`, error="` + e.Code + `", error_description="` + e.Description + `"`)
	}
	if len(e.Scopes) > 0 {
		b.WriteString(`, scope="` + strings.Join(e.Scopes, " ") + `"`)
	}
	return b.String()
}

// write answers a request with a refusal that nobody may keep.
func (e *Error) write(w http.ResponseWriter, realm string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		h.Set("WWW-Authenticate", e.challenge(realm))
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "2")
	}
	w.WriteHeader(e.Status)
	// Strings always marshal.
	body, _ := json.Marshal(struct {
		Code        string `json:"error,omitempty"`
		Description string `json:"error_description"`
	}{e.Code, e.Description})
	_, _ = w.Write(body)
}

// quotable tells whether text can stand between quotation marks in a header.
func quotable(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' })
}
