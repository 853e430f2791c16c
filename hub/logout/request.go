package logout

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/isthmus-hub/isthmus/hub"
)

// Why a request to sign out is refused.
var (
	ErrClient  = errors.New("no such client")
	ErrAddress = errors.New("the address is not registered for the client to go to after sign-out")
	ErrHint    = errors.New("the hint is no ID token of this pool, or another client's")
)

// Refusal is a request that is not followed: nobody is signed out by it, and
// nobody is sent anywhere.
type Refusal struct {
	Client    *hub.Client // nil when it is not known
	Parameter string      // that is wrong
	Value     string      // as it came
	Cause     error       // one of the three above
}

func (e *Refusal) Error() string { return fmt.Sprintf("%s: %v", e.Parameter, e.Cause) }
func (e *Refusal) Unwrap() error { return e.Cause }

// Request is a wish to sign out, judged.
type Request struct {
	Client *hub.Client // who asks; nil: nobody known, perhaps the person
	Hint   hub.Hint    // whom the hint is about, and in which session; zero: there was none
	Target string      // proven address to go to afterwards; empty: stay here
	State  string      // to be given back there
	// Doubtful says that the client is only what a hint claims that nobody can prove
	// any more. Target may be offered to the person, who then chooses.
	Doubtful bool
	Again    bool // go to the sign-in page instead (Cognito)
	// Sure says that nobody needs to be asked: Cognito's form, which apps rely on
	// to act at once.
	Sure bool
}

// Parse judges a request: Cognito's client_id with logout_uri, or with
// redirect_uri and response_type; or OpenID Connect's RP-Initiated Logout §2. An
// address is taken only of a client that is known, and only if it is registered,
// byte for byte. The error is a *Refusal.
func Parse(p *hub.Pool, v url.Values) (*Request, error) {
	r := &Request{State: v.Get("state")}
	id := v.Get("client_id")
	if raw := v.Get("id_token_hint"); raw != "" {
		hint, err := p.Hint(raw)
		if old, ok := p.OldHint(raw); err != nil && ok {
			// The person is asked, and not sent anywhere by it.
			r.Doubtful, hint, err = true, hub.Hint{ClientID: old}, nil
		}
		if err != nil || id != "" && id != hint.ClientID {
			return nil, &Refusal{Parameter: "id_token_hint", Cause: errors.Join(ErrHint, err)}
		}
		r.Hint, id = hint, hint.ClientID
	}
	if id != "" {
		c, ok := p.Client(id)
		if !ok {
			return nil, &Refusal{Parameter: "client_id", Value: id, Cause: ErrClient}
		}
		r.Client = c
	}
	name, registered := r.address(v)
	if name == "" {
		return r, nil
	}
	r.Target = v.Get(name)
	switch {
	case r.Client == nil:
		return nil, &Refusal{Parameter: "client_id", Cause: ErrClient}
	case !slices.Contains(registered, r.Target):
		return nil, &Refusal{Client: r.Client, Parameter: name, Value: r.Target, Cause: ErrAddress}
	}
	return r, nil
}

// Names tells whether the request's hint is about this session of this person:
// then nobody needs to be asked (RP-Initiated Logout §2, A124).
func (r *Request) Names(s *hub.Session, u *hub.User) bool {
	return u.Is(r.Hint.Sub) && r.Hint.SID == hub.SID(s.ID, r.Hint.ClientID)
}

// address finds the parameter that says where to go, by the form of the request,
// and what may stand there.
func (r *Request) address(v url.Values) (name string, registered []string) {
	var logout, callback []string
	if r.Client != nil {
		logout, callback = r.Client.LogoutURLs, r.Client.CallbackURLs
	}
	switch {
	case v.Has("post_logout_redirect_uri"):
		return "post_logout_redirect_uri", logout
	case v.Has("logout_uri"):
		r.Sure, r.State = true, "" // Cognito ignores state here
		return "logout_uri", slices.Concat(logout, callback)
	case v.Has("response_type") && v.Has("redirect_uri"):
		r.Sure, r.Again = true, true
		return "redirect_uri", slices.Concat(logout, callback)
	}
	return "", nil
}
