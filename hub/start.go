package hub

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// Start is where any page may send a person who wants to sign in to an app by a
// certain provider.
type Start struct {
	URL string
	// ByApp says that it is the app's own address, where the app makes state, nonce
	// and PKCE of its own. Otherwise the link is an authorization request that has
	// none of them, as people write it by hand for Cognito: an app that wants its
	// state back refuses the answer, and one that does not can be handed somebody
	// else's.
	ByApp bool
}

// NoStartError says why no page but the app's own can begin its sign-ins.
type NoStartError struct{ Client, Why, Mend string }

func (e *NoStartError) Error() string {
	return fmt.Sprintf("client %q: %s: %s", e.Client, e.Why, e.Mend)
}

// Start makes the link. target is where the app is to end, an address of its own;
// empty leaves that to the app. The error is a *NoStartError, or about target.
//
// A client with an initiate_login_uri is sent there, with the parameters of
// OpenID Connect Core §4 and identity_provider, which the app passes on to the
// hub. Any other is sent to the authorization endpoint, if such a request can
// come to anything.
func (p *Pool) Start(c *Client, pr *Provider, target string) (Start, error) {
	if !c.Uses(pr) {
		return Start{}, &NoStartError{c.ID, fmt.Sprintf("it does not use the provider %s", pr.Name), "add it to the client's providers, and see that it is enabled"}
	}
	if c.InitiateLoginURI == "" {
		return p.plainStart(c, pr, target)
	}
	v := url.Values{"iss": {p.Issuer}, "identity_provider": {pr.Name}}
	if target != "" {
		if err := oauth.CheckTarget(target, append(slices.Clone(c.CallbackURLs), c.InitiateLoginURI)); err != nil {
			return Start{}, err
		}
		v.Set(oauth.ParamTarget, target)
	}
	glue := "?"
	if strings.Contains(c.InitiateLoginURI, "?") {
		glue = "&"
	}
	return Start{c.InitiateLoginURI + glue + v.Encode(), true}, nil
}

func (p *Pool) plainStart(c *Client, pr *Provider, target string) (Start, error) {
	why := ""
	switch {
	case !c.Allows("code") || len(c.CallbackURLs) == 0:
		why = "nobody signs in to it in a browser"
	case c.Public && !c.InsecureWithoutPKCE || c.FAPI2:
		why = "its requests need PKCE, which only the app can make"
	case c.RequirePAR:
		why = "its requests must be pushed, which only the app can do"
	case c.RequestObject == Required:
		why = "its requests must be signed, which only the app can do"
	}
	if why != "" {
		return Start{}, &NoStartError{c.ID, why, "give it initiate_login_uri, the address at which the app begins a sign-in (OpenID Connect Core §4)"}
	}
	redirect := c.CallbackURLs[0]
	if target != "" {
		if !slices.Contains(c.CallbackURLs, target) {
			return Start{}, oauth.Errorf(oauth.InvalidRequest, "without initiate_login_uri it can only be one of the client's callback_urls")
		}
		redirect = target
	}
	var scope oauth.Scope
	for _, s := range []string{"openid", "email", "profile", "phone"} {
		if slices.Contains(c.Scopes, s) {
			scope = append(scope, s)
		}
	}
	v := url.Values{"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {redirect}, "identity_provider": {pr.Name}}
	if len(scope) > 0 {
		v.Set("scope", scope.String())
	}
	return Start{p.URL("/oauth2/authorize") + "?" + v.Encode(), false}, nil
}
