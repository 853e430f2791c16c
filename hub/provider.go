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
	Type        string // ProviderType of identities: OIDC, Google, Facebook, LoginWithAmazon, SignInWithApple
	Preset      string // what it is known as, for pages to choose a mark by: "google"; empty without a preset
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
	// TrustedDomains are those whose addresses the provider itself gives out, in
	// lower case: there its word joins accounts that have proven the address too.
	TrustedDomains []string
	OnMatch        MatchMode
}

// MatchMode says what becomes of a first sign-in with the proven address of an
// account that is there already.
type MatchMode string

// The modes of Provider.OnMatch. Whatever it is, nothing is joined without proof.
const (
	MatchNever MatchMode = ""    // an account of its own
	MatchAsk   MatchMode = "ask" // the person may prove the other account, and have one
)

// LogoutMode says whether a sign-out here goes on to the provider.
type LogoutMode string

// The modes of Provider.Logout.
const (
	LogoutAlways LogoutMode = ""      // people are sent on to the provider's end_session_endpoint
	LogoutAsk    LogoutMode = "ask"   // the person is asked first
	LogoutNever  LogoutMode = "never" // the session at the provider goes on
)
