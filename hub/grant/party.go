package grant

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// Evidence is what came with a request beside its parameters.
type Evidence struct {
	Method, URL string   // of the request, as its sender sees it
	DPoP        []string // values of the DPoP header
	Certificate []byte   // of the client's TLS connection, DER; nil: none
}

// Party is a client that has authenticated, with the keys it proved to hold.
type Party struct {
	*hub.Client
	Binding
}

// Binding ties a token to keys of its holder: the thumbprint of a DPoP key
// (RFC 9449 §6), that of a certificate (RFC 8705 §3.1), or neither.
type Binding struct {
	JKT string `json:"jkt,omitempty"`
	X5T string `json:"x5t#S256,omitempty"`
}

// Bound tells whether there is any binding.
func (b Binding) Bound() bool { return b != Binding{} }

// Authenticate proves the client that shows credentials, in the one way it is
// registered for, and takes its DPoP proof. Unknown, wrong and weaker than
// registered look alike: invalid_client (RFC 6749 §5.2). What a key signed for
// one use is used when nil is returned.
func Authenticate(ctx context.Context, p *hub.Pool, c *oauth.ClientCredentials, e Evidence) (*Party, error) {
	id := c.ClientID
	if c.Method == oauth.AuthPrivateKeyJWT {
		claimed, err := proof.ClientID(c.Assertion)
		if err != nil {
			return nil, err
		}
		if id != "" && id != claimed {
			return nil, refuseClient("client_id and the assertion name different clients")
		}
		id = claimed
	}
	client, known := p.Client(id)
	if !known {
		client = stranger(id, c.Method)
	}
	party := &Party{Client: client}
	used, err := party.prove(ctx, p, c, e)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, refuseClient("unknown client")
	}
	dpop, err := party.possess(p, e)
	if err != nil {
		return nil, err
	}
	fresh, err := hub.UseOnce(ctx, p, append(used, dpop...)...)
	if err != nil {
		return nil, oauth.Internal(err)
	}
	if !fresh && len(used) > 0 {
		return nil, refuseClient("the assertion was used before")
	}
	if !fresh {
		return nil, oauth.Errorf(oauth.InvalidDPoPProof, "the proof was used before")
	}
	return party, nil
}

// stranger stands in for an unknown client, so that it costs the same work and
// earns the same words as a known one.
func stranger(id string, method oauth.AuthMethod) *hub.Client {
	c := &hub.Client{ID: id, Public: method == oauth.AuthNone}
	if method == oauth.AuthPrivateKeyJWT {
		c.Auth = hub.AuthKey
	}
	return c
}

// prove checks the client's credentials and returns what is used up by them.
func (party *Party) prove(ctx context.Context, p *hub.Pool, c *oauth.ClientCredentials, e Evidence) ([]hub.Replay, error) {
	client := party.Client
	secret := client.Authentic(c.Secret)
	switch {
	case client.Public && c.Method == oauth.AuthNone:
		return nil, nil
	case client.Public:
		return nil, refuseClient("a public client sent credentials")
	case client.Auth == hub.AuthKey || c.Method == oauth.AuthPrivateKeyJWT:
		return party.proveKey(ctx, p, c)
	case client.Auth == hub.AuthTLS:
		return nil, party.proveCertificate(c, e)
	case !secret:
		return nil, refuseClient("wrong or missing secret")
	}
	return nil, nil
}

// proveKey takes a client assertion (RFC 7523 §3). Where a profile does not
// forbid it, the endpoints' addresses may stand in for the issuer.
func (party *Party) proveKey(ctx context.Context, p *hub.Pool, c *oauth.ClientCredentials) ([]hub.Replay, error) {
	client := party.Client
	rules := proof.AssertionRules{ClientID: client.ID, Issuer: p.Issuer, Now: p.Now()}
	if !client.FAPI2 {
		rules.Algorithms = token.Algorithms()
		rules.Endpoints = []string{p.URL("/oauth2/token"), p.URL("/oauth2/par"), p.URL("/oauth2/introspect"), p.URL("/oauth2/revoke")}
	}
	if c.Method != oauth.AuthPrivateKeyJWT || client.Auth != hub.AuthKey {
		return nil, refuseClient("the client is registered for another way to authenticate")
	}
	var claims *proof.AssertionClaims
	err := p.WithKeys(ctx, client, func(keys *proof.Keys) (err error) {
		claims, err = proof.Assertion(c.Assertion, keys, rules)
		return err
	})
	if err != nil {
		return nil, err
	}
	return []hub.Replay{hub.NewReplay("assertion", client.ID, claims.ID, claims.Expires)}, nil
}

// proveCertificate takes the certificate of the connection (RFC 8705 §2.2).
func (party *Party) proveCertificate(c *oauth.ClientCredentials, e Evidence) error {
	if c.Method != oauth.AuthNone || len(e.Certificate) == 0 {
		return refuseClient("the client must authenticate by its certificate")
	}
	thumbprint := Thumbprint(e.Certificate)
	for _, registered := range party.Thumbprints {
		if subtle.ConstantTimeCompare([]byte(registered), []byte(thumbprint)) == 1 {
			party.X5T = thumbprint
			return nil
		}
	}
	return refuseClient("the certificate is not registered for the client")
}

// possess takes the DPoP proof of the request, if there is one or must be.
func (party *Party) possess(p *hub.Pool, e Evidence) ([]hub.Replay, error) {
	switch {
	case len(e.DPoP) == 0 && party.DPoP == hub.Required:
		return nil, oauth.Errorf(oauth.InvalidDPoPProof, "the client must send a DPoP proof")
	case len(e.DPoP) == 0:
		return nil, nil
	case party.DPoP == hub.Off:
		return nil, oauth.Errorf(oauth.InvalidDPoPProof, "the client is not registered for DPoP")
	}
	r := proof.DPoPRequest{
		Method: e.Method, URL: e.URL, Now: p.Now(), Nonces: p.Secrets.Nonces, DemandNonce: party.FAPI2,
	}
	if !party.FAPI2 {
		r.Algorithms = token.Algorithms()
	}
	proven, err := proof.DPoP(e.DPoP, r)
	if err != nil {
		return nil, err
	}
	party.JKT = proven.Thumbprint
	return []hub.Replay{hub.NewReplay("dpop", proven.Thumbprint, proven.ID, proven.Expires)}, nil
}

// confirmation is cnf of the party's tokens; nil when they are bound to nothing.
func (party *Party) confirmation() *Binding {
	if !party.Bound() {
		return nil
	}
	return &party.Binding
}

// tokenType is token_type of access tokens that are bound so.
func (b Binding) tokenType() string {
	if b.JKT != "" {
		return oauth.TokenTypeDPoP
	}
	return oauth.TokenTypeBearer
}

// keep is the key that the refresh tokens of a public client are bound to; those
// of others are bound by the client's own proof (RFC 9449 §5).
func (party *Party) keep() string {
	if party.Public {
		return party.JKT
	}
	return ""
}

// Thumbprint is the x5t#S256 of a certificate (RFC 8705 §3.1).
func Thumbprint(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func refuseClient(cause string) error {
	return oauth.Wrap(errors.New(cause), oauth.InvalidClient, "client authentication failed")
}
