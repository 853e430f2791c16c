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
// redirects, and never longer than patience.
func (s *Service) call(ctx context.Context, p *hub.Pool, l *hub.Logout, hop int) outcome {
	h := &l.Hops[hop]
	o := outcome{hop: hop, attempt: h.Attempts[len(h.Attempts)-1], known: hub.Waiting}
	end := func(status int, problem string, begun time.Time) outcome {
		o.attempt.Status, o.attempt.Error, o.attempt.Took = status, problem, max(time.Since(begun), 1)
		return o
	}
	lane := s.lane(p.Name + "/" + h.ClientID)
	release, err := s.turn(ctx, lane)
	if err != nil {
		return end(0, "not called: the hub stopped before its turn came", time.Now())
	}
	defer release()
	begun := time.Now()
	if !lane.open(begun) {
		return end(0, "not called: it has not answered a moment ago", begun)
	}
	c, ok := p.Client(h.ClientID)
	if !ok || c.BackchannelLogoutURI == "" {
		o.known = hub.NotSupported
		return end(0, "the client has no back-channel logout URI any more", begun)
	}
	raw, err := s.token(ctx, p, c, l)
	if err != nil {
		return end(0, "no logout token could be made: "+err.Error(), begun)
	}
	begun = time.Now()
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, body, err := s.Post(patient, c.BackchannelLogoutURI, url.Values{"logout_token": {raw}})
	if err != nil {
		if ctx.Err() != nil {
			return end(0, "the hub stopped before the answer came", begun)
		}
		lane.note(false, time.Now())
		return end(0, why(err), begun)
	}
	lane.note(status < 500, time.Now())
	switch {
	case status/100 == 2:
		o.known = hub.Delivered
		return end(status, "", begun)
	case status == badRequest:
		o.known = hub.Refused // its own word that nobody was signed out (§2.8)
	}
	return end(status, said(status, body), begun)
}

// turn waits for a slot of the client's and one of all.
func (s *Service) turn(ctx context.Context, l *lane) (release func(), err error) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case s.calls <- struct{}{}:
	case <-ctx.Done():
		<-l.slots
		return nil, ctx.Err()
	}
	return func() { <-s.calls; <-l.slots }, nil
}

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
