package grant

import (
	"errors"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// Client authenticates the client that shows credentials. Unknown, wrong and
// weaker than registered look alike: invalid_client (RFC 6749 §5.2).
func Client(p *hub.Pool, c *oauth.ClientCredentials) (*hub.Client, error) {
	client, ok := p.Clients[c.ClientID]
	if !ok {
		client = &hub.Client{Public: c.Method == oauth.AuthNone} // same work for an unknown client
	}
	proven := client.Authentic(c.Secret)
	switch {
	case !ok:
		return nil, refuseClient("unknown client")
	case c.Method == oauth.AuthPrivateKeyJWT:
		return nil, refuseClient("private_key_jwt is not registered for the client")
	case client.Public && c.Method == oauth.AuthNone:
		return client, nil
	case client.Public:
		return nil, refuseClient("a public client sent a secret")
	case !proven:
		return nil, refuseClient("wrong or missing secret")
	}
	return client, nil
}

func refuseClient(cause string) error {
	return oauth.Wrap(errors.New(cause), oauth.InvalidClient, "client authentication failed")
}
