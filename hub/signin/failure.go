package signin

import (
	"fmt"
	"net/url"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
)

// Reason is why a sign-in stopped, in one word: the label of metrics, audit
// events and traces, and the key of the sentence that the person sees.
type Reason string

// The reasons, by the part of a sign-in that they stop.
const (
	// The request.
	UnknownClient    Reason = "unknown_client"
	RedirectMismatch Reason = "redirect_mismatch"
	InvalidRequest   Reason = "invalid_request"

	// This browser's sign-in.
	OtherBrowser Reason = "other_browser" // nothing this browser began
	Expired      Reason = "expired"       // took too long
	Used         Reason = "used"          // was finished before

	// The way in.
	ProviderOff         Reason = "provider_off"
	Cancelled           Reason = "cancelled"
	ProviderRefused     Reason = "provider_refused"
	ProviderUnreachable Reason = "provider_unreachable"
	ProviderLate        Reason = "provider_late"
	ProviderWrong       Reason = "provider_wrong"
	Overloaded          Reason = "overloaded"

	// The person.
	AttributesRequired Reason = "attributes_required"
	CreationOff        Reason = "creation_off"
	NameTaken          Reason = "name_taken"
	AnotherPerson      Reason = "another_person" // the app asked for somebody else
	StrengthUnmet      Reason = "strength_unmet" // the app asked for a stronger sign-in
	UserDisabled       Reason = "user_disabled"
	AccountMatched     Reason = "account_matched" // another account may be hers; she is asked
	NotProven          Reason = "not_proven"      // what came back is no proof of that account
	LinkTaken          Reason = "link_taken"      // the identity is somebody's already
	LinkLimit          Reason = "link_limit"
	WrongPassword      Reason = "wrong_password"
	Locked             Reason = "locked"

	// Us.
	Internal Reason = "internal"
)

// Error is a sign-in that cannot go on. The person sees the sentence of its
// Reason and the Trace's id; the Cause goes to the log alone.
type Error struct {
	Reason   Reason
	Trace    string        // id for `isthmus explain`
	Client   *hub.Client   // nil until it is known
	Provider *hub.Provider // nil when none is concerned
	Target   Target        // where the app waits; zero until it is proven
	Retry    url.Values    // the authorization request, to start again; nil if unknown
	Received string        // what the app sent and was refused for, cut
	Wait     time.Duration // until another try is taken, of Locked
	Cause    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("sign-in %s stopped: %s: %v", e.Trace, e.Reason, e.Cause)
}

func (e *Error) Unwrap() error { return e.Cause }
