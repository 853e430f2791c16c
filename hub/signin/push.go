package signin

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Push takes an authorization request from its authenticated client ahead of
// the browser (RFC 9126 §2) and returns the reference to send the browser with,
// and how long it holds. The request is judged as it would be from a browser;
// what is wrong comes back as an *oauth.Error. jkt is the
// key of the DPoP proof that came along, to which the code is bound (RFC 9449
// §10.1); empty: none did.
func (s *Service) Push(ctx context.Context, p *hub.Pool, c *hub.Client, jkt string, params url.Values) (reference string, life time.Duration, err error) {
	if params.Has("request_uri") {
		return "", 0, oauth.Errorf(oauth.InvalidRequest, "request_uri cannot be pushed")
	}
	request, signed := url.Values{}, false
	for name, list := range params {
		switch name {
		case "client_secret", "client_assertion", "client_assertion_type":
		default:
			request[name] = list
		}
	}
	request.Set("client_id", c.ID)
	if request, signed, err = unseal(ctx, p, request); err != nil {
		return "", 0, err
	}
	if err := checkSigned(c, signed); err != nil {
		return "", 0, err
	}
	if jkt != "" {
		for _, at := range []url.Values{params, request} { // beside a signed request, or in it
			if stated := at.Get("dpop_jkt"); stated != "" && stated != jkt {
				return "", 0, oauth.Errorf(oauth.InvalidRequest, "dpop_jkt is not the key of the proof")
			}
		}
		request.Set("dpop_jkt", jkt)
	}
	r, err := oauth.ParseAuthorization(request)
	if err != nil {
		return "", 0, err
	}
	if params.Has("client_id") && params.Get("client_id") != c.ID {
		return "", 0, oauth.Errorf(oauth.InvalidRequest, "client_id is another client's")
	}
	if _, _, _, err := prove(p, r); err != nil {
		return "", 0, oauth.Wrap(err, oauth.InvalidRequest, "redirect_uri is not registered for the client")
	}
	for _, check := range checks {
		if err := check(p, c, r); err != nil {
			return "", 0, err
		}
	}
	reference, id := hub.NewPushed()
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		expires := tx.Now.Add(hub.PushedLife)
		return hub.Pushes.Create(tx, &hub.Pushed{
			ID: id, ClientID: c.ID, Query: request.Encode(), Expires: expires, Forgotten: expires.Add(p.InteractionLife),
		})
	})
	if err != nil {
		return "", 0, oauth.Internal(err)
	}
	return reference, hub.PushedLife, nil
}

// pull exchanges a reference for the request that was pushed under it. Nothing
// else in the address counts then but client_id, which must be the pusher's.
func pull(ctx context.Context, p *hub.Pool, params url.Values) (request url.Values, id string, err error) {
	id, ok := hub.PushedID(params.Get("request_uri"))
	if !ok || len(params["request_uri"]) != 1 {
		return params, "", nil
	}
	var pushed *hub.Pushed
	err = p.Space.View(ctx, func(tx *store.Tx) (err error) {
		if pushed, err = hub.Pushes.Get(tx, id); err == nil && tx.Now.After(pushed.Expires) {
			err = store.ErrNotFound
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && pushed.ClientID != params.Get("client_id") {
		return nil, "", oauth.Errorf(oauth.InvalidRequestURI, "the request_uri is unknown, used, expired or another client's")
	}
	if err != nil {
		return nil, "", err
	}
	request, err = url.ParseQuery(pushed.Query)
	return request, id, err
}

// spend takes a pushed request away when a code is made of it, so that it gives
// one code however often the page was opened. It reports whether it was there.
func spend(tx *store.Tx, id string) (bool, error) {
	if id == "" {
		return true, nil
	}
	_, err := hub.Pushes.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, hub.Pushes.Delete(tx, id)
}
