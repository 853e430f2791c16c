package hub

import "time"

// Event is one line of the audit log and one tick of a counter. It names what
// happened and to whom; it never holds a secret, a code or a token.
type Event struct {
	Time      time.Time
	Name      EventName
	OK        bool
	Pool      string
	Client    string
	Provider  string
	Sub       string
	Reason    string
	Trace     string
	Address   string
	RequestID string
	Actor     string // who did it, for administrative acts
}

// EventName says what happened; the list is closed so that an alert can be
// written against it.
type EventName string

// The events this hub records.
const (
	SignIn            EventName = "sign_in" // OK or with the reason it stopped
	RedirectRefused   EventName = "redirect_refused"
	CallbackRefused   EventName = "callback_refused"
	OutboundRefused   EventName = "outbound_refused"
	ClientRefused     EventName = "client_refused"
	PasswordRefused   EventName = "password_refused"
	PasswordChanged   EventName = "password_changed"
	CodeReuse         EventName = "code_reuse"
	RefreshReuse      EventName = "refresh_reuse"
	TokenGranted      EventName = "token_granted"
	TokenRefused      EventName = "token_refused"
	TokenRevoked      EventName = "token_revoked"
	DeviceAnswered    EventName = "device_answered"
	SignOut           EventName = "sign_out"
	SignOutRefused    EventName = "sign_out_refused"
	LogoutTold        EventName = "logout_told" // of a session's end; Reason is the outcome
	LogoutRefused     EventName = "logout_token_refused"
	UserCreated       EventName = "user_created"
	UserChanged       EventName = "user_changed"
	UserDisabled      EventName = "user_disabled"
	UserDeleted       EventName = "user_deleted"
	UsersExported     EventName = "users_exported"
	UsersMerging      EventName = "users_merging" // Reason is the merge's id, as in those that follow
	UsersMerged       EventName = "users_merged"
	UsersUnmerged     EventName = "users_unmerged"
	UserLinked        EventName = "user_linked"   // Reason is by whom: administrator, person or rule
	UserUnlinked      EventName = "user_unlinked" // likewise
	UserClaimed       EventName = "user_claimed"  // the address was proven, and what was before fell
	LinkRefused       EventName = "link_refused"
	UsersImported     EventName = "users_imported" // one batch of a file; Reason counts it
	UserMigrated      EventName = "user_migrated"  // came in with the password of the old system
	KeyRotated        EventName = "key_rotated"
	KeyWithdrawn      EventName = "key_withdrawn" // in an emergency; Reason is the key's id
	ConfigReloaded    EventName = "config_reloaded"
	MappingTried      EventName = "mapping_tried"   // on people's claims, masked
	ClaimsRevealed    EventName = "claims_revealed" // the same, unmasked
	AdminAct          EventName = "admin_act"       // about to be tried; Reason names the event that tells how it went
	CrossOriginDenied EventName = "cross_origin_denied"
)

// The events of clients that register themselves (package hub/register).
const (
	RegistrationOpened  EventName = "registration_opened" // an operator made a registration token
	RegistrationRefused EventName = "registration_refused"
	ClientRegistered    EventName = "client_registered"
	ClientChanged       EventName = "client_changed"
	ClientDeleted       EventName = "client_deleted"
)

// Event begins an event of this pool, at the pool's time, for a visitor.
func (p *Pool) Event(name EventName, v Visitor) Event {
	e := Event{Time: p.Now(), Name: name, Pool: p.Name, RequestID: v.RequestID}
	if v.Address.IsValid() {
		e.Address = v.Address.String()
	}
	return e
}
