package signin

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
)

// Service signs people in to any pool. One serves the whole process.
type Service struct {
	Directory *directory.Directory
	traces    *rate.Limiter
}

// New makes a service over a directory of local users.
func New(d *directory.Directory) *Service {
	return &Service{Directory: d, traces: rate.NewLimiter(rate.Every(200*time.Millisecond), 100)}
}

// Browser is what came with the request: the session cookie's value, if any,
// and where it came from.
type Browser struct {
	SessionCookie string
	Visitor       hub.Visitor
}

// Next is what the browser does next: one of ToApp, ToProvider, AskSignIn,
// AskSwitch, AskPassword or AskProfile.
type Next interface{ next() }

// ToApp sends the browser to the app with a code or an error.
type ToApp struct {
	Client      *hub.Client
	Response    Response
	Session     string        // cookie value to set; empty: leave the cookie alone
	SessionLife time.Duration // of that cookie
	Finished    string        // id of the interaction whose cookie goes
	Provider    string        // the way in that was used, to be shown first next time
}

// ToProvider sends the browser upstream.
type ToProvider struct {
	URL         string
	Interaction *hub.Interaction
}

// AskSignIn shows the ways in.
type AskSignIn struct {
	Client      *hub.Client
	Interaction *hub.Interaction
	Providers   []*hub.Provider
	Password    bool
	// AddressFirst: the address is asked for before the password, since its domain
	// may belong to a provider. Given says that Username was typed there.
	AddressFirst, Given bool
	Username            string // known already, from login_hint or the last try
	Missing             bool   // nothing was typed
	Wrong               bool   // the last try did not match an account
	FormTarget          Target
}

// AskSwitch asks a person who is signed in whether to go on as that person.
type AskSwitch struct {
	Client      *hub.Client
	Interaction *hub.Interaction
	User        *hub.User
	FormTarget  Target
}

// AskPassword asks for a password of one's own in place of a temporary one.
type AskPassword struct {
	Client      *hub.Client
	Interaction *hub.Interaction
	Username    string
	Rules       []hub.PasswordRule // with the verdict on the last try
	Problem     PasswordProblem
	FormTarget  Target
}

// PasswordProblem is why a chosen password was not taken; empty: none was chosen yet.
type PasswordProblem string

// The problems of a chosen password.
const (
	PasswordPolicy PasswordProblem = "policy" // it breaks a rule
	PasswordSame   PasswordProblem = "same"   // it is the temporary one
)

// AskProfile asks for details the provider did not send.
type AskProfile struct {
	Client      *hub.Client
	Interaction *hub.Interaction
	Provider    *hub.Provider
	Ask         []string          // attributes
	Given       map[string]string // what was typed at the last try
	Problems    map[string]string // attribute to what is wrong: missing or invalid
	FormTarget  Target
}

func (ToApp) next()       {}
func (ToProvider) next()  {}
func (AskSignIn) next()   {}
func (AskSwitch) next()   {}
func (AskPassword) next() {}
func (AskProfile) next()  {}
