package signin

import (
	"context"
	"net/url"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// unseal takes the request out of a signed request object (RFC 9101 §6): it
// alone counts then. Without one params come back as they are; for a client that
// is not registered for objects too, and whoever parses them refuses.
func unseal(ctx context.Context, p *hub.Pool, params url.Values) (request url.Values, signed bool, err error) {
	c, known := p.Client(params.Get("client_id"))
	if !known || c.RequestObject == hub.Off || !params.Has("request") {
		return params, false, nil
	}
	if len(params["request"]) > 1 || params.Has("request_uri") {
		return nil, false, oauth.Errorf(oauth.InvalidRequest, "one request object, and no request_uri beside it")
	}
	rules := proof.RequestRules{ClientID: c.ID, Issuer: p.Issuer, FAPI: c.FAPI2, Now: p.Now()}
	if !c.FAPI2 {
		rules.Algorithms = token.Algorithms()
	}
	err = p.WithKeys(ctx, c, func(keys *proof.Keys) (err error) {
		request, err = proof.RequestObject(params.Get("request"), keys, rules)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	request.Set("client_id", c.ID)
	return request, true, nil
}

// checkSigned refuses a plain request of a client that must sign.
func checkSigned(c *hub.Client, signed bool) error {
	if c.RequestObject == hub.Required && !signed {
		return oauth.Errorf(oauth.InvalidRequest, "the client must sign its requests")
	}
	return nil
}
