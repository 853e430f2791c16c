package signin

import (
	"errors"
	"fmt"
	"slices"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// wish boils the long parameters of a request down to what is kept of them:
// id_token_hint (OpenID Connect Core §3.1.2.1) and claims (§5.5). A hint must be
// an ID token of this pool; that it has expired does not matter.
func wish(p *hub.Pool, r *oauth.AuthorizationRequest) (w hub.Wish, err error) {
	if r.IDTokenHint != "" {
		hint, err := p.Hint(r.IDTokenHint)
		if err != nil {
			return w, oauth.Wrap(err, oauth.InvalidRequest, "id_token_hint is no ID token of this issuer")
		}
		w.Sub = hint.Sub
	}
	if r.Claims == "" {
		return w, nil
	}
	claims, err := oauth.ParseClaims(r.Claims)
	if err != nil {
		return w, err
	}
	w.IDToken, w.UserInfo = known(p, claims.IDToken), known(p, claims.UserInfo)
	if c := claims.IDToken["acr"]; c.Essential {
		w.ACR = texts(c)
	}
	if sub, ok := claims.IDToken["sub"].Value.(string); ok {
		if w.Sub != "" && w.Sub != sub {
			return w, oauth.Errorf(oauth.InvalidRequest, "id_token_hint and claims ask for different people")
		}
		w.Sub = sub
	}
	return w, nil
}

// known are the claims asked for by name that are attributes of the pool.
func known(p *hub.Pool, asked map[string]oauth.ClaimRequest) []string {
	var names []string
	for _, a := range p.Schema.Attributes() {
		if _, ok := asked[a.Name]; ok {
			names = append(names, a.Name)
		}
	}
	return names
}

func texts(c oauth.ClaimRequest) []string {
	var list []string
	for _, v := range append(slices.Clone(c.Values), c.Value) {
		if s, ok := v.(string); ok {
			list = append(list, s)
		}
	}
	return list
}

// unmet says in what a person or a sign-in falls short of the app's wish.
func (t *attempt) unmet(u *hub.User, acr string) *verdict {
	w := t.in.Wish
	switch {
	case w.Sub != "" && !u.Is(w.Sub):
		return &verdict{reason: AnotherPerson, err: errors.New("the app asked for another person than the one who signed in")}
	case len(w.ACR) > 0 && !slices.Contains(w.ACR, acr):
		return &verdict{reason: StrengthUnmet, err: fmt.Errorf("the app asked for a strength of %v, the sign-in has %q", w.ACR, acr)}
	}
	return nil
}

// stop ends a sign-in by a verdict: what the app asked for and did not get is
// told to the app, the rest to the person.
func (t *attempt) stop(s *Service, v *verdict) (Next, error) {
	switch v.reason {
	case AnotherPerson:
		return t.refuse(s, v.reason, oauth.Wrap(v.err, oauth.LoginRequired, "somebody else signed in")), nil
	case StrengthUnmet:
		return t.refuse(s, v.reason, oauth.Wrap(v.err, oauth.UnmetAuthenticationRequirements, "the sign-in is not of the strength asked for")), nil
	default:
		return nil, t.fail(s, v.reason, v.err)
	}
}
