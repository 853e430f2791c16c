package idp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/isthmus-hub/isthmus/idp/outbound"
)

// Step is the part of a sign-in or sign-out that failed or was timed.
type Step string

// The steps, in the order a sign-in and then a sign-out takes them.
const (
	StepDiscovery   Step = "discovery"
	StepRedirect    Step = "redirect"
	StepCallback    Step = "callback"
	StepToken       Step = "token"
	StepKeys        Step = "jwks"
	StepIDToken     Step = "id_token"
	StepUserInfo    Step = "userinfo"
	StepEndSession  Step = "end_session"
	StepLogoutToken Step = "logout_token"
)

// Kind says what sort of failure it was, for choosing a status and a sentence.
type Kind string

// The kinds.
const (
	KindRefused     Kind = "refused"     // the provider answered with an OAuth error
	KindInvalid     Kind = "invalid"     // the provider's answer breaks a rule
	KindUnreachable Kind = "unreachable" // no answer: name, connection, TLS, reset, or a 5xx
	KindTimeout     Kind = "timeout"     // no answer in time
	KindCancelled   Kind = "cancelled"   // our caller went away
	KindBlocked     Kind = "blocked"     // our outbound policy forbids the address
	KindOpen        Kind = "open"        // not tried: it failed moments ago
	KindMisused     Kind = "misused"     // the caller's request makes no sense; a fault of the hub
)

// Error is every failure of this package. None of its fields holds a secret, code, token, nonce or state.
type Error struct {
	Provider    string // Config.Name
	Step        Step
	Check       string // the check that failed: iss, aud, nonce, status, json, size, connect…
	Code        string // the provider's error code, cleaned; empty unless it sent one
	Description string // the provider's words, cleaned and cut to 500 characters
	Endpoint    string // the URL called, without query; empty where nothing was called
	Status      int    // HTTP status, or 0
	Elapsed     time.Duration
	Kind        Kind
	Mend        string // what an operator should do
	Cause       error
	Calls       []Call // the calls of this operation so far
}

func (e *Error) Error() string {
	if e.Kind == KindOpen && e.Cause != nil {
		return fmt.Sprintf("provider %q: %s: not tried, for it failed moments ago: %s", e.Provider, e.Step, e.Cause)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "provider %q: %s: %s", e.Provider, e.Step, e.Check)
	if e.Code != "" {
		fmt.Fprintf(&b, ": %s", e.Code)
	}
	if e.Description != "" {
		fmt.Fprintf(&b, " (%s)", e.Description)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %s", e.Cause)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

// maxDescription is the most characters of a provider's text that are kept (A66).
const maxDescription = 500

// clean makes a provider's text fit for logs and pages: one line, printable, at most maxDescription characters.
func clean(s string) string { return cleanTo(s, maxDescription) }

// cut is clean for an error code or a value quoted in an error of ours.
func cut(s string) string { return cleanTo(s, 120) }

func cleanTo(s string, limit int) string {
	s = strings.ToValidUTF8(s[:min(len(s), 4*limit)], "\ufffd")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1 // controls, and the format characters that reorder text
		}
		return r
	}, s)
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit])
	}
	return strings.TrimSpace(s)
}

// transport classifies an error of the HTTP client: its kind, and the check that failed.
func transport(err error) (Kind, string) {
	var refused *outbound.Refused
	var large *outbound.TooLarge
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &refused):
		return KindBlocked, "address"
	case errors.As(err, &large):
		return KindInvalid, "size"
	case errors.Is(err, context.Canceled):
		return KindCancelled, "cancelled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return KindTimeout, "timeout"
	case errors.As(err, &dns):
		return KindUnreachable, "dns"
	case isTLS(err):
		return KindUnreachable, "tls"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return KindUnreachable, "reset"
	}
	return KindUnreachable, "connect"
}

func isTLS(err error) bool {
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &alert) || errors.Is(err, http.ErrSchemeMismatch)
}

// faint is an error of the HTTP client with its text made safe: without the URL, which repeats the query, and cut, for
// net/http quotes what it could not parse.
type faint struct{ cause error }

func (f faint) Error() string {
	err := f.cause
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return cut(err.Error())
}

func (f faint) Unwrap() error { return f.cause }
