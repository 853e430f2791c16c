package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Code is an error code as it goes over the wire in the member or parameter "error".
type Code string

// Codes of RFC 6749 §4.1.2.1 and §5.2.
const (
	InvalidRequest          Code = "invalid_request"
	InvalidClient           Code = "invalid_client"
	InvalidGrant            Code = "invalid_grant"
	InvalidScope            Code = "invalid_scope"
	UnauthorizedClient      Code = "unauthorized_client"
	UnsupportedGrantType    Code = "unsupported_grant_type"
	UnsupportedResponseType Code = "unsupported_response_type"
	AccessDenied            Code = "access_denied"
	ServerError             Code = "server_error"
	TemporarilyUnavailable  Code = "temporarily_unavailable"
)

// Codes of bearer tokens (RFC 6750 §3.1), step-up (RFC 9470 §3) and revocation (RFC 7009 §2.2.1).
const (
	InvalidToken                   Code = "invalid_token"
	InsufficientScope              Code = "insufficient_scope"
	InsufficientUserAuthentication Code = "insufficient_user_authentication"
	UnsupportedTokenType           Code = "unsupported_token_type"
)

// Codes of the device grant (RFC 8628 §3.5).
const (
	AuthorizationPending Code = "authorization_pending"
	SlowDown             Code = "slow_down"
	ExpiredToken         Code = "expired_token"
)

// Codes of OpenID Connect Core §3.1.2.6, of request objects (RFC 9101 §7) and of
// OpenID Connect Core Error Code unmet_authentication_requirements.
const (
	InteractionRequired             Code = "interaction_required"
	LoginRequired                   Code = "login_required"
	AccountSelectionRequired        Code = "account_selection_required"
	ConsentRequired                 Code = "consent_required"
	UnmetAuthenticationRequirements Code = "unmet_authentication_requirements"
	InvalidRequestURI               Code = "invalid_request_uri"
	InvalidRequestObject            Code = "invalid_request_object"
	RequestNotSupported             Code = "request_not_supported"
	RequestURINotSupported          Code = "request_uri_not_supported"
	RegistrationNotSupported        Code = "registration_not_supported"
)

// Codes of resource indicators (RFC 8707 §2), DPoP (RFC 9449 §5 and §8) and registration (RFC 7591 §3.2.2).
const (
	InvalidTarget         Code = "invalid_target"
	InvalidDPoPProof      Code = "invalid_dpop_proof"
	UseDPoPNonce          Code = "use_dpop_nonce"
	InvalidRedirectURI    Code = "invalid_redirect_uri"
	InvalidClientMetadata Code = "invalid_client_metadata"
)

// Error is a refusal in the words of the protocol. Code and Description are for the client, Cause is for the log and never leaves.
type Error struct {
	Code        Code
	Description string
	Cause       error
}

// Errorf makes an Error whose description is the formatted text, reduced to the characters that RFC 6749 §5.2 allows.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Description: cleanDescription(fmt.Sprintf(format, args...))}
}

// Wrap is Errorf with a cause for the log. errors.Is and errors.As see through to the cause.
func Wrap(cause error, code Code, format string, args ...any) *Error {
	e := Errorf(code, format, args...)
	e.Cause = cause
	return e
}

// Internal makes the server_error that hides what went wrong from the client.
func Internal(cause error) *Error {
	return &Error{Code: ServerError, Cause: cause}
}

// AsError returns the *Error in err's chain, or server_error with err as its cause when there is none; nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return Internal(err)
}

// Error is the text for logs: code, description and cause.
func (e *Error) Error() string {
	parts := []string{string(e.Code)}
	if e.Description != "" {
		parts = append(parts, e.Description)
	}
	if e.Cause != nil {
		parts = append(parts, e.Cause.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// HTTPStatus is the status of an answer that carries e as JSON or in WWW-Authenticate: 401 for invalid_client (RFC 6749 §5.2) and
// invalid_token, 403 for insufficient_scope (RFC 6750 §3.1), 500 and 503 for the two faults of ours, 400 for all else.
func (e *Error) HTTPStatus() int {
	switch e.Code {
	case InvalidClient, InvalidToken, InsufficientUserAuthentication:
		return 401
	case InsufficientScope:
		return 403
	case ServerError:
		return 500
	case TemporarilyUnavailable:
		return 503
	}
	return 400
}

// MarshalJSON writes the error body of RFC 6749 §5.2. The cause is not in it.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Code        Code   `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{e.Code, cleanDescription(e.Description)})
}

// cleanDescription keeps NQSCHAR (RFC 6749 appendix A.8: printable ASCII without quotation mark and backslash) and at most 512 bytes,
// so that a description can stand in JSON, in a query and between the quotation marks of WWW-Authenticate alike.
func cleanDescription(s string) string {
	const limit = 512
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\':
			return '/'
		case r < 0x20 || r > 0x7e:
			return '?'
		}
		return r
	}, s)
	return clean[:min(len(clean), limit)]
}
