package register

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Path is where clients register, under the issuer; each is managed below it,
// under its id.
const Path = "/oauth2/register"

// Information is the answer to a registration, a look at it or its change (RFC
// 7591 §3.2.1, RFC 7592 §3). The secret is there when it was made, this once.
type Information struct {
	ID            string `json:"client_id"`
	Secret        string `json:"client_secret,omitempty"`
	SecretExpires *int   `json:"client_secret_expires_at,omitempty"` // 0, never, beside a secret
	Issued        int64  `json:"client_id_issued_at"`
	hub.ClientMetadata
	URI   string `json:"registration_client_uri"`
	Token string `json:"registration_access_token"`
}

func information(p *hub.Pool, r *hub.Registered, token, secret string) *Information {
	i := &Information{
		ID: r.ID, Secret: secret, Issued: r.Created.Unix(), ClientMetadata: r.Metadata,
		URI: p.URL(Path + "/" + r.ID), Token: token,
	}
	if secret != "" {
		i.SecretExpires = new(int)
	}
	return i
}

// What operators' calls refuse with.
var (
	ErrClosed   = errors.New("registration is closed")
	ErrNoClient = errors.New("no client is registered under that id")
)

// Open makes a token that lets its bearer register one client. It is for an
// operator; the caller keeps the record of who it was.
func Open(ctx context.Context, p *hub.Pool) (token string, expires time.Time, err error) {
	if !p.Registration {
		return "", time.Time{}, ErrClosed
	}
	token = hub.Random()
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		expires = tx.Now.Add(hub.RegistrationTokenLife)
		return hub.RegistrationTokens.Create(tx, &hub.RegistrationToken{ID: hub.HashCode(token), Expires: expires})
	})
	return token, expires, err
}

// Create registers a client with the metadata in body (RFC 7591 §3). The token
// is an operator's and is used up with it; a refusal leaves it as it was.
func Create(ctx context.Context, p *hub.Pool, token string, body []byte, v hub.Visitor) (*Information, error) {
	r, secret, access, err := create(ctx, p, token, body)
	if err != nil {
		return nil, refused(p, "", err, v)
	}
	record(p, hub.ClientRegistered, r.ID, v)
	return information(p, r, access, secret), nil
}

func create(ctx context.Context, p *hub.Pool, token string, body []byte) (r *hub.Registered, secret, access string, err error) {
	initial := hub.HashCode(token)
	known := func(tx *store.Tx) error {
		_, err := hub.RegistrationTokens.Get(tx, initial)
		if errors.Is(err, store.ErrNotFound) {
			return refuseToken("no such registration token, or it is used up")
		}
		return err
	}
	if err := p.Space.View(ctx, known); err != nil {
		return nil, "", "", err
	}
	d, err := read(body)
	if err != nil {
		return nil, "", "", err
	}
	m, err := d.metadata(p)
	if err != nil {
		return nil, "", "", err
	}
	access = hub.Random()
	r = &hub.Registered{ID: strings.ToLower(rand.Text()), Metadata: m, Token: hub.HashCode(access)}
	secret = keepSecret(r)
	err = p.Registered.Change(ctx, r.ID, func(tx *store.Tx) (*hub.Registered, error) {
		if err := known(tx); err != nil {
			return nil, err
		}
		if len(p.Registered.All()) >= hub.MaxRegistered {
			return nil, oauth.Errorf(oauth.AccessDenied, "the pool has as many registered clients as it takes")
		}
		r.Created, r.Modified = tx.Now, tx.Now
		if err := hub.RegistrationTokens.Delete(tx, initial); err != nil {
			return nil, err
		}
		return r, hub.RegisteredClients.Create(tx, r)
	})
	return r, secret, access, err
}

// keepSecret gives the client a secret if it needs one and has none, and takes
// it away if it needs none. It returns the one it made.
func keepSecret(r *hub.Registered) (made string) {
	switch oauth.AuthMethod(r.Metadata.AuthMethod) {
	case oauth.AuthNone, oauth.AuthPrivateKeyJWT:
		r.Secret = nil
		return ""
	}
	if r.Secret != nil {
		return ""
	}
	made = hub.Random()
	hash := hub.HashSecret(made)
	r.Secret = hash[:]
	return made
}

// Read is a client's look at its own registration (RFC 7592 §2.1).
func Read(p *hub.Pool, id, token string, v hub.Visitor) (*Information, error) {
	r, err := own(p, id, token)
	if err != nil {
		return nil, refused(p, id, err, v)
	}
	return information(p, r, token, ""), nil
}

// own finds the registration whose token is shown. A wrong token and a client
// that is not there look alike (RFC 7592 §2.1).
func own(p *hub.Pool, id, token string) (*hub.Registered, error) {
	r := p.Registered.Find(id)
	if !r.Authentic(token) {
		return nil, refuseToken("no such registration access token")
	}
	return r, nil
}

// Replace gives a client other metadata, whole: what body leaves out goes back
// to its default (RFC 7592 §2.2).
func Replace(ctx context.Context, p *hub.Pool, id, token string, body []byte, v hub.Visitor) (*Information, error) {
	r, secret, err := replace(ctx, p, id, token, body)
	if err != nil {
		return nil, refused(p, id, err, v)
	}
	record(p, hub.ClientChanged, id, v)
	return information(p, r, token, secret), nil
}

func replace(ctx context.Context, p *hub.Pool, id, token string, body []byte) (after *hub.Registered, secret string, err error) {
	r, err := own(p, id, token)
	if err != nil {
		return nil, "", err
	}
	d, err := read(body)
	if err != nil {
		return nil, "", err
	}
	d.same(r)
	m, err := d.metadata(p)
	if err != nil {
		return nil, "", err
	}
	changed := *r
	changed.Metadata = m
	secret = keepSecret(&changed)
	err = p.Registered.Change(ctx, id, func(tx *store.Tx) (*hub.Registered, error) {
		now, err := hub.RegisteredClients.Get(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil, refuseToken("deleted in the meantime")
		}
		if err != nil {
			return nil, err
		}
		if !now.Modified.Equal(r.Modified) {
			return nil, oauth.Errorf(oauth.TemporarilyUnavailable, "the client was changed at the same time; read it and try again")
		}
		changed.Modified = tx.Now
		return &changed, hub.RegisteredClients.Put(tx, &changed)
	})
	return &changed, secret, err
}

// same holds a change to what it may say of the client beside its metadata
// (RFC 7592 §2.2).
func (d *document) same(r *hub.Registered) {
	if d.text("client_id") != r.ID {
		d.refuse("client_id", "it must be the client's own")
	}
	for _, field := range []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"} {
		if _, ok := d.members[field]; ok {
			d.refuse(field, "it is not the client's to set")
		}
	}
	if _, ok := d.members["client_secret"]; ok {
		if hash := hub.HashSecret(d.text("client_secret")); subtle.ConstantTimeCompare(hash[:], r.Secret) != 1 {
			d.refuse("client_secret", "it is not the client's; a client does not choose it")
		}
	}
}

// Delete ends a registration at its client's wish (RFC 7592 §2.3).
func Delete(ctx context.Context, p *hub.Pool, id, token string, v hub.Visitor) error {
	_, err := own(p, id, token)
	if err == nil {
		err = Remove(ctx, p, id)
	}
	if errors.Is(err, ErrNoClient) {
		err = refuseToken("deleted in the meantime")
	}
	if err != nil {
		return refused(p, id, err, v)
	}
	record(p, hub.ClientDeleted, id, v)
	return nil
}

// Remove ends a registration at an operator's wish, or is ErrNoClient. The client is nobody for the next request, and what it holds
// is worth nothing.
func Remove(ctx context.Context, p *hub.Pool, id string) error {
	if p.Registered.Find(id) == nil {
		return ErrNoClient
	}
	err := p.Registered.Change(ctx, id, func(tx *store.Tx) (*hub.Registered, error) {
		if _, err := hub.RegisteredClients.Get(tx, id); err != nil {
			return nil, err
		}
		return nil, hub.RegisteredClients.Delete(tx, id)
	})
	if errors.Is(err, store.ErrNotFound) {
		return ErrNoClient
	}
	return err
}

func refuseToken(cause string) error {
	return oauth.Wrap(errors.New(cause), oauth.InvalidToken, "the token is not one that opens this")
}

// refused keeps the record of what was refused and returns it as an answer.
func refused(p *hub.Pool, id string, err error, v hub.Visitor) error {
	refusal := oauth.AsError(err)
	e := p.Event(hub.RegistrationRefused, v)
	e.Client, e.Reason = id, string(refusal.Code)
	if p.Registered.Find(id) == nil {
		e.Client = "" // somebody's words
	}
	p.Record(e)
	return refusal
}

func record(p *hub.Pool, name hub.EventName, id string, v hub.Visitor) {
	e := p.Event(name, v)
	e.OK, e.Client = true, id
	p.Record(e)
}
