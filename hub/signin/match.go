package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// match is an account that may be of the person who comes for the first time with
// an identity that nobody has.
type match struct {
	user     *hub.User
	rule     bool // the rule joins them: nobody needs to be asked
	evidence hub.Evidence
}

// match finds the one account with the address that the provider has proven. The
// rule joins them only if the provider is trusted for that domain and the account
// has proven the address too (A81, A82); else the person is asked, if that is what
// the provider is set to.
//
// An account with an identity of the same provider, by whichever of its names, is
// another's: the provider itself tells the two apart, and an address can change
// hands (A83).
func (a *arrival) match(tx *store.Tx, p *hub.Pool, c *hub.Client) (*match, error) {
	if a.claims == nil || a.provider.OnMatch == hub.MatchNever && len(a.provider.TrustedDomains) == 0 {
		return nil, nil
	}
	result, err := a.provider.Mapping.Apply(a.claims, mapping.Attributes{})
	if err != nil {
		return nil, nil // what is wrong with the claims is told where they are written
	}
	address := result.Set["email"]
	domain, ok := hub.AddressDomain(address)
	if !ok || result.Set["email_verified"] != "true" {
		return nil, nil
	}
	owners, _, err := hub.Users.FindAll(tx, "email", hub.FoldName(address), store.Page{Limit: 2})
	if err != nil || len(owners) != 1 {
		return nil, err
	}
	u := owners[0]
	if _, ok := hub.AddressDomain(u.Attributes["email"]); !ok {
		return nil, nil // another mailbox, which folds onto this one
	}
	for _, l := range u.Links {
		if came := a.identity.Link; l.Provider == came.Provider || l.Issuer == came.Issuer && l.Subject != came.Subject {
			return nil, nil
		}
	}
	m := &match{user: u, rule: a.provider.Trusts(domain) && u.Proven(p)}
	if m.rule {
		m.evidence = a.evidence(directory.Rule, fmt.Sprintf("both proved one address; %s is trusted for %s", a.provider.Name, domain), result.Set)
		return m, nil
	}
	password, providers, claim := a.ways(p, c, u)
	if u.Disabled || a.provider.OnMatch != hub.MatchAsk || !password && len(providers) == 0 && !claim {
		return nil, nil
	}
	return m, nil
}

// evidence is what a link is joined on: whose word, why, and what of the address
// the provider said.
func (a *arrival) evidence(by directory.By, why string, set mapping.Attributes) hub.Evidence {
	e := hub.Evidence{By: string(by), Why: why, Claims: map[string]string{}}
	for _, name := range []string{"email", "email_verified"} {
		if set[name] != "" {
			e.Claims[name] = hub.Mask(set[name])
		}
	}
	return e
}

// ways are the ways to prove an account, of those that the client enables, and
// whether its address can be claimed. Only to whom a provider trusted for the
// address has proven it, it is told which ways the account has; others see all of
// the client's.
func (a *arrival) ways(p *hub.Pool, c *hub.Client, u *hub.User) (password bool, providers []*hub.Provider, claim bool) {
	domain, _ := hub.AddressDomain(u.Attributes["email"])
	trusted := a.provider.Trusts(domain)
	password = c.Password(p) && (!trusted || u.Password != "" && u.Status != hub.ForceChangePassword)
	has := map[string]bool{}
	for _, l := range u.Links {
		has[l.Provider] = true
	}
	for _, pr := range c.Enabled(p) {
		if pr != a.provider && (!trusted || has[pr.Name]) {
			providers = append(providers, pr)
		}
	}
	return password, providers, trusted && claimable(u)
}

// claimable tells whether an account may go to the owner of its address: nobody
// has proven that address, and the account is not an identity's own.
func claimable(u *hub.User) bool {
	return u.Attributes["email_verified"] != "true" && !u.Federated() && !u.Disabled
}

// AskJoin says that there is an account with the person's address, and asks for a
// proof of it, or whether to go on apart.
type AskJoin struct {
	Client      *hub.Client
	Interaction *hub.Interaction
	Provider    *hub.Provider
	Address     string // masked
	Password    bool
	Providers   []*hub.Provider
	Apart       bool // an account of its own may be made
	Claim       bool // the account may be had without its proof, and without what is in it of ways in
	Wrong       bool // the password was not the account's
	Other       bool // what was proven was another account
	FormTarget  Target
}

func (AskJoin) next() {}

// matched keeps what the provider has proven until the person has answered, and
// asks.
func (s *Service) matched(ctx context.Context, p *hub.Pool, t *attempt, a arrival, m *match) (Next, error) {
	claims, err := json.Marshal(a.claims)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	now := p.Now()
	j := &hub.Joining{Interaction: t.in.ID, Identity: a.identity, Claims: claims, Sub: m.user.Sub, Begun: now, Expires: now.Add(hub.JoiningLife)}
	err = p.Space.Update(ctx, func(tx *store.Tx) error { return hub.Joinings.Create(tx, j) })
	if errors.Is(err, store.ErrExists) {
		return nil, t.fail(s, Used, err)
	}
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	return t.askJoin(p, a, m.user), nil
}

func (t *attempt) askJoin(p *hub.Pool, a arrival, u *hub.User) AskJoin {
	ask := AskJoin{
		Client: t.client, Interaction: t.in, Provider: a.provider, Address: hub.Mask(u.Attributes["email"]), Apart: a.creates(t.client), FormTarget: t.target,
	}
	ask.Password, ask.Providers, ask.Claim = a.ways(p, t.client, u)
	return ask
}
