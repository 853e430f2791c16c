package logout

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/token"
)

const (
	tokenLife  = 2 * time.Minute // of a logout token, the most that Back-Channel Logout §2.4 recommends
	patience   = 5 * time.Second // for a client's answer
	maxSaid    = 200             // bytes of its words that are kept
	badRequest = 400
	eventsName = "http://schemas.openid.net/event/backchannel-logout"
)

// call tells one client (Back-Channel Logout §2.5): a fresh token each time, no
// redirects, and never longer than maxWait twice for its turn and patience for
// the answer, which is less than lease.
func (s *Service) call(ctx context.Context, p *hub.Pool, l *hub.Logout, hop int) (o outcome) {
	h := &l.Hops[hop]
	o = outcome{hop: hop, attempt: h.Attempts[len(h.Attempts)-1], known: hub.Waiting}
	begun := time.Now()
	end := func(status int, problem string) outcome {
		o.attempt.Status, o.attempt.Error, o.attempt.Took, o.done = status, problem, max(time.Since(begun), 1), p.Now()
		return o
	}
	c, ok := p.Client(h.ClientID)
	if !ok || c.BackchannelLogoutURI == "" {
		o.known = hub.NotSupported
		return end(0, "the client has no back-channel logout URI any more")
	}
	name := laneName(p, c.ID)
	lane := s.lane(name)
	defer s.part(name, lane)
	if o.wait = lane.enter(ctx); o.wait > 0 {
		return o
	}
	came := none
	defer func() { lane.leave(came, time.Now()) }()
	slot := s.slot(ctx)
	if slot == nil {
		o.wait = time.Second
		return o
	}
	defer slot.free()
	raw, err := s.token(ctx, p, c, l)
	if err != nil {
		return end(0, "no logout token could be made: "+err.Error())
	}
	begun = time.Now()
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, body, err := s.Post(patient, c.BackchannelLogoutURI, url.Values{"logout_token": {raw}})
	switch {
	case err != nil && ctx.Err() != nil:
		return end(0, "the hub stopped before the answer came")
	case err != nil:
		came = failed
		return end(0, why(err))
	case status >= 500:
		came = failed
	default:
		came = answered
	}
	switch {
	case status/100 == 2:
		o.known = hub.Delivered
		return end(status, "")
	case status == badRequest:
		o.known = hub.Refused // its own word that nobody was signed out (§2.8)
	}
	return end(status, said(status, body))
}

func laneName(p *hub.Pool, client string) string { return p.Name + "/" + client }

// token makes a logout token (Back-Channel Logout §2.4). It names the session
// and the person by what this client knows them by, and has no nonce.
func (s *Service) token(ctx context.Context, p *hub.Pool, c *hub.Client, l *hub.Logout) (string, error) {
	sub := l.Sub
	if c.LegacySub != nil {
		err := p.Space.View(ctx, func(tx *store.Tx) error {
			u, err := hub.FindUser(tx, l.Sub)
			if err == nil {
				sub = u.SubFor(c, p.Now())
			}
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) { // who is gone goes by sid
			return "", err
		}
	}
	s.signing <- struct{}{}
	defer func() { <-s.signing }()
	now := p.Now()
	payload, err := json.Marshal(map[string]any{
		"iss": p.Issuer, "sub": sub, "aud": c.ID, "sid": hub.SID(l.ID, c.ID), "jti": directory.NewSub(),
		"iat": now.Unix(), "exp": now.Add(tokenLife).Unix(), "events": map[string]any{eventsName: struct{}{}},
	})
	if err != nil {
		return "", err
	}
	return p.Keys.Ring().SignWith(c.Algorithm, payload, token.TypeLogout)
}

// said is what the answer to a token that was not taken says: its error (§2.8),
// or at least what kind of answer it is.
func said(status int, body []byte) string {
	if status/100 == 3 {
		return "a redirect, which is not followed"
	}
	var problem struct {
		Code string `json:"error"`
		Text string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &problem) // an answer without words is told by its status
	return cmp.Or(plain(strings.Trim(problem.Code+": "+problem.Text, ": ")), fmt.Sprintf("answered %d", status))
}

// plain is a foreign text as it may stand in a record.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, text)
	if len(text) > maxSaid {
		text = strings.ToValidUTF8(text[:maxSaid], "") + "…"
	}
	return text
}

// why says in a few words why there was no answer.
func why(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", patience)
	}
	return plain(err.Error())
}
