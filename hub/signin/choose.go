package signin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/idna"

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
		return s.resume(ctx, p, b, t, session)
	case r.Prompt.Has(oauth.PromptNone):
		return ToApp{Client: t.client, Response: t.target.Error(oauth.Errorf(oauth.LoginRequired, "nobody is signed in here"), ""), Finished: t.in.ID}, nil
	case usable && (page || r.Prompt.Has(oauth.PromptSelectAccount) || r.Prompt.Has(oauth.PromptConsent)):
		return AskSwitch{Client: t.client, Interaction: t.in, User: user, FormTarget: t.target}, nil
	case usable:
		return s.resume(ctx, p, b, t, session)
	}
	if asked != nil && asked.provider != nil {
		return s.toProvider(ctx, p, t, asked.provider)
	}
	ask := t.signIn(p)
	if len(ask.Providers) == 1 && !ask.Password {
		return s.toProvider(ctx, p, t, ask.Providers[0])
	}
	return ask, nil
}

// signIn is the page with every way in that the client enables, or with the
// pool's own password alone if the request names it.
func (t *attempt) signIn(p *hub.Pool) AskSignIn {
	ask := AskSignIn{
		Client: t.client, Interaction: t.in, FormTarget: t.target, Username: t.in.Request.LoginHint, Password: t.client.Password(t.p),
	}
	if t.in.Request.IdentityProvider != hub.Local {
		ask.Providers = t.client.Enabled(p)
		ask.AddressFirst = ask.Password && slices.ContainsFunc(ask.Providers, routes)
	}
	return ask
}

// routes tells whether e-mail addresses of some domain belong to the provider.
func routes(pr *hub.Provider) bool {
	return slices.ContainsFunc(pr.Identifiers, func(id string) bool { return strings.Contains(id, ".") })
}

// Address takes what a person typed on a page that asks for the address first,
// and goes on to the provider that its domain belongs to, or else to the
// password. Nobody is looked up: the answer is the same for an account that is
// there and one that is not.
func (s *Service) Address(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction, address string) (Next, error) {
	t, failure := s.proceed(p, b, in)
	if failure != nil {
		return nil, failure
	}
	if !t.client.Password(t.p) {
		return nil, t.fail(s, ProviderOff, errPasswordOff)
	}
	ask := t.signIn(p)
	ask.Username = strings.TrimSpace(address)
	ask.Missing, ask.Given = ask.Username == "", ask.Username != ""
	if len(ask.Username) > maxAddress {
		return ask, nil
	}
	in.Request.LoginHint = ask.Username // for the provider, and for whoever comes back to the page
	if pr := Route(p, t.client, ask.Username); pr != nil && ask.AddressFirst {
		return s.toProvider(ctx, p, t, pr)
	}
	return ask, nil
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

// maxAddress is the length of an e-mail address in bytes, at most (RFC 5321
// §4.5.3.1.3, without the angle brackets).
const maxAddress = 254

// Route finds the provider to which the domain of an e-mail address belongs,
// among those the client may use. The domain is compared as a whole in the form
// in which it is looked up (UTS #46), and an address that is not plainly a single
// one belongs nowhere.
func Route(p *hub.Pool, c *hub.Client, address string) *hub.Provider {
	address = strings.TrimSpace(address)
	name, domain, ok := strings.Cut(address, "@")
	if !ok || name == "" || strings.Contains(domain, "@") || len(address) > maxAddress || strings.ContainsFunc(address, odd) {
		return nil
	}
	domain, err := idna.Lookup.ToASCII(domain)
	if err != nil || domain == "" {
		return nil
	}
	pr, ok := p.ProviderByIdentifier(domain)
	if !ok || !c.Uses(pr) {
		return nil
	}
	return pr
}

// odd tells the characters that lists, comments, quotes and routes of addresses
// are made of, those that nobody sees, and bytes that are no character.
func odd(r rune) bool {
	return strings.ContainsRune("\"\\()<>[],;:\uFFFD", r) || !unicode.IsGraphic(r) || unicode.IsSpace(r)
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
