package hub

import (
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Provider is an upstream as the pool sees it: how to reach it, what becomes of
// its claims and who may come in through it.
type Provider struct {
	Name        string // as in identity_provider=, in user names and in identities
	Label       string // on the button: "Sign in with your corporate ID"
	Type        string // ProviderType of identities: "OIDC"
	Identifiers []string
	Enabled     bool
	Creates     bool // a first sign-in creates the user
	Group       bool // who was created by it is in Pool.ProviderGroup
	Samples     Sampling
	Mapping     *mapping.Mapping
	Upstream    *idp.Provider
	ClientID    string // ours there, and where its secret comes from, in words: for explanations
	SecretFrom  string
	Logout      LogoutMode
}

// LogoutMode says whether a sign-out here goes on to the provider.
type LogoutMode string

// The modes of Provider.Logout.
const (
	LogoutAlways LogoutMode = ""      // people are sent on to the provider's end_session_endpoint
	LogoutAsk    LogoutMode = "ask"   // the person is asked first
	LogoutNever  LogoutMode = "never" // the session at the provider goes on
)
