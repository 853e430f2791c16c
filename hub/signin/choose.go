package signin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// choose decides between the session that is there, the provider that was
// asked for, and the page on which the person chooses.
func (s *Service) choose(ctx context.Context, p *hub.Pool, b Browser, t *attempt, page bool) (Next, error) {
	r := &t.in.Request
	asked, err := t.asked(p)
	if err != nil {
		return t.refuse(s, ProviderOff, oauth.Wrap(err, oauth.InvalidRequest, "Login option is not available")), nil
	}
	session, user, err := Session(ctx, p, b.SessionCookie)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	usable := session != nil && t.usable(p, session, user, asked)
	switch {
	case usable && r.Prompt.Has(oauth.PromptNone):
		return s.resume(ctx, p, t, session)
	case r.Prompt.Has(oauth.PromptNone):
		return ToApp{Client: t.client, Response: t.target.Error(oauth.Errorf(oauth.LoginRequired, "nobody is signed in here"), ""), Finished: t.in.ID}, nil
	case usable && (page || r.Prompt.Has(oauth.PromptSelectAccount) || r.Prompt.Has(oauth.PromptConsent)):
		return AskSwitch{Client: t.client, Interaction: t.in, User: user, FormTarget: t.target}, nil
	case usable:
		return s.resume(ctx, p, t, session)
	}
	if asked != nil && asked.provider != nil {
		return s.toProvider(ctx, p, t, asked.provider)
	}
	ask := t.signIn(p)
	if asked != nil { // the pool's own password
		ask.Providers = nil
	}
	if len(ask.Providers) == 1 && !ask.Password {
		return s.toProvider(ctx, p, t, ask.Providers[0])
	}
	return ask, nil
}

// signIn is the page with every way in that the client enables.
func (t *attempt) signIn(p *hub.Pool) AskSignIn {
	return AskSignIn{
		Client: t.client, Interaction: t.in, FormTarget: t.target, Username: t.in.Request.LoginHint,
		Providers: t.client.Enabled(p), Password: t.client.Password(t.p),
	}
}

// way is a way in that the request names: a provider, or the password form.
type way struct{ provider *hub.Provider }

// asked finds the way in that the request names by identity_provider,
// idp_identifier, or the domain of login_hint; nil when it names none. Naming
// one that the client may not use is an error, but for a domain.
func (t *attempt) asked(p *hub.Pool) (*way, error) {
	r := &t.in.Request
	switch {
	case r.IdentityProvider == hub.Local:
		if !t.client.Password(t.p) {
			return nil, fmt.Errorf("client %s does not enable the pool's own password (%s)", t.client.ID, hub.Local)
		}
		return &way{}, nil
	case r.IdentityProvider != "":
		pr, ok := p.Provider(r.IdentityProvider)
		return t.named(pr, ok, "identity_provider", r.IdentityProvider)
	case r.IDPIdentifier != "":
		pr, ok := p.ProviderByIdentifier(r.IDPIdentifier)
		return t.named(pr, ok, "idp_identifier", r.IDPIdentifier)
	}
	if pr := Route(p, t.client, r.LoginHint); pr != nil {
		return &way{pr}, nil
	}
	return nil, nil
}

func (t *attempt) named(pr *hub.Provider, ok bool, param, value string) (*way, error) {
	if !ok {
		return nil, fmt.Errorf("%s=%q: the pool has no such provider", param, cut(value))
	}
	t.provider = pr
	if !t.client.Uses(pr) {
		return nil, fmt.Errorf("%s=%q: provider %s is switched off, or client %s does not list it", param, cut(value), pr.Name, t.client.ID)
	}
	return &way{pr}, nil
}

// Route finds the provider to which the domain of an e-mail address belongs,
// among those the client may use. The domain is compared as a whole, and an
// address that is not plainly a single one belongs nowhere.
func Route(p *hub.Pool, c *hub.Client, address string) *hub.Provider {
	name, domain, ok := strings.Cut(strings.TrimSpace(address), "@")
	if !ok || name == "" || domain == "" || strings.ContainsAny(address, "\"\\()<>,;: \t\r\n") || strings.Contains(domain, "@") {
		return nil
	}
	pr, ok := p.ProviderByIdentifier(hub.FoldName(domain))
	if !ok || !c.Uses(pr) {
		return nil
	}
	return pr
}

// usable tells whether a live session answers the request as it is: the way in
// was one the client allows and the one asked for, it is young enough, and it
// is of the person hinted at.
func (t *attempt) usable(p *hub.Pool, session *hub.Session, user *hub.User, asked *way) bool {
	r := &t.in.Request
	switch {
	case r.Prompt.Has(oauth.PromptLogin):
		return false
	case r.MaxAge != nil && p.Now().Sub(session.AuthTime) > time.Duration(*r.MaxAge)*time.Second:
		return false
	case r.LoginHint != "" && !hinted(user, r.LoginHint):
		return false
	case t.unmet(user, session.ACR) != nil:
		return false
	case session.Provider == "":
		return t.client.Password(t.p) && (asked == nil || asked.provider == nil)
	}
	pr, ok := p.Provider(session.Provider)
	return ok && t.client.Uses(pr) && (asked == nil || asked.provider == pr)
}

func hinted(u *hub.User, hint string) bool {
	hint = hub.FoldName(hint)
	return hint == hub.FoldName(u.Username) || hint == hub.FoldName(u.Attributes["email"]) || u.Is(hint)
}
