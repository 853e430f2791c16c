package signin

import (
	"context"
	"errors"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// AskDevice asks a person to type the code that a device shows (Client is nil),
// or whether that device may act for the person.
type AskDevice struct {
	Client   *hub.Client
	User     *hub.User
	UserCode string
	Address  string // where the device asked from
	Wrong    bool   // the code typed is unknown or too old
	Answer   string // hub.DeviceAllowed or DeviceDenied, when it is over

	Session     string        // cookie value to set; empty: leave the cookie alone
	SessionLife time.Duration // of that cookie
}

func (AskDevice) next() {}

// Device finds the device that shows a code and goes on to whatever is missing:
// a sign-in, or the person's word (RFC 8628 §3.3). provider is the way in, if
// the person chose one.
func (s *Service) Device(ctx context.Context, p *hub.Pool, b Browser, userCode, provider string) (Next, error) {
	if userCode == "" {
		return AskDevice{}, nil
	}
	code, ok := hub.ParseUserCode(userCode)
	if !ok {
		return AskDevice{UserCode: cut(userCode), Wrong: true}, nil
	}
	t := &attempt{p: p, visitor: b.Visitor}
	var d *hub.Device
	err := p.Space.View(ctx, func(tx *store.Tx) (err error) {
		d, err = waiting(tx, code)
		return err
	})
	known := false
	if err == nil {
		t.client, known = p.Client(d.ClientID)
	}
	if errors.Is(err, store.ErrNotFound) || err == nil && !known {
		return AskDevice{UserCode: code, Wrong: true}, nil
	}
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	t.in = hub.NewInteraction(oauth.AuthorizationRequest{ClientID: d.ClientID, Scope: d.Scope, IdentityProvider: provider}, p.Now())
	t.in.Device = code
	t.target = deviceTarget(p)
	session, user, err := Session(ctx, p, b.SessionCookie)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if session != nil && provider == "" && t.usable(p, session, user, nil) {
		return AskDevice{Client: t.client, User: user, UserCode: code, Address: d.Address}, nil
	}
	return s.choose(ctx, p, Browser{Visitor: b.Visitor}, t, true)
}

// AnswerDevice takes the word of the person who is signed in on this browser.
func (s *Service) AnswerDevice(ctx context.Context, p *hub.Pool, b Browser, userCode string, allow bool) (Next, error) {
	t := &attempt{p: p, visitor: b.Visitor}
	session, user, err := Session(ctx, p, b.SessionCookie)
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	code, ok := hub.ParseUserCode(userCode)
	if session == nil || !ok {
		return nil, t.fail(s, Expired, errors.New("nobody is signed in any more, or there is no code"))
	}
	answer := hub.DeviceDenied
	if allow {
		answer = hub.DeviceAllowed
	}
	found := false
	var life time.Duration
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		found = false
		d, err := waiting(tx, code)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		client, known := p.Client(d.ClientID)
		if !known || session.Dead(p, client, user) != "" {
			return nil
		}
		live, err := hub.Sessions.Get(tx, session.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && !live.Live(tx.Now) {
			return nil // it ended a moment ago
		}
		if err != nil {
			return err
		}
		if allow && live.Join(p, client.ID, tx.Now.Add(hub.DeviceLife+client.RefreshLife)) {
			if err := hub.Sessions.Put(tx, live); err != nil {
				return err
			}
		}
		found, t.client, life = true, client, prolonged(tx, live, session)
		d.Answer = answer
		d.Session, d.Entry = session.ID, session.Entry
		return hub.Devices.Put(tx, d)
	})
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if !found {
		return AskDevice{UserCode: code, Wrong: true}, nil
	}
	t.record(hub.DeviceAnswered, allow, "", "", user.Sub)
	done := AskDevice{Client: t.client, User: user, Answer: answer}
	if life > 0 {
		done.Session, done.SessionLife = b.SessionCookie, life
	}
	return done, nil
}

// waiting finds the device behind a short code that nobody has answered.
func waiting(tx *store.Tx, code string) (*hub.Device, error) {
	d, err := hub.Devices.Find(tx, "code", hub.HashCode(code))
	if err == nil && d.Answer != "" {
		return nil, store.ErrNotFound
	}
	return d, err
}

// deviceTarget is where the sign-in for a device ends: on the hub's own page.
func deviceTarget(p *hub.Pool) Target {
	return Target{uri: p.URL("/device"), issuer: p.Issuer}
}
