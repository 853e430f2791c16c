package idptest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// sessions are who is signed in, by sid; the oldest go when there are very many.
type sessions struct {
	subjects map[string]string
	order    []string
}

func (s *sessions) begin(sid, subject string) {
	if s.subjects == nil {
		s.subjects = map[string]string{}
	}
	if len(s.order) == maxGrants {
		for _, old := range s.order[:maxGrants/2] {
			delete(s.subjects, old)
		}
		s.order = append(s.order[:0], s.order[maxGrants/2:]...)
	}
	s.subjects[sid] = subject
	s.order = append(s.order, sid)
}

// end ends a session and tells whose it was.
func (s *sessions) end(sid string) (subject string, ok bool) {
	subject, ok = s.subjects[sid]
	delete(s.subjects, sid)
	return subject, ok
}

// Sessions lists the sids under which a subject is signed in, sorted.
func (p *Provider) Sessions(subject string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var sids []string
	for _, sid := range slices.Sorted(maps.Keys(p.sessions.subjects)) {
		if p.sessions.subjects[sid] == subject {
			sids = append(sids, sid)
		}
	}
	return sids
}

// SignedIn tells whether a session goes on.
func (p *Provider) SignedIn(sid string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.sessions.subjects[sid]
	return ok
}

// EndSession ends a session by the provider's own will, as when an administrator does it, and tells the relying party by
// back channel if there is one. The error is for a session that is not there, or a relying party that did not answer 200
// or 204.
func (p *Provider) EndSession(ctx context.Context, sid string) error {
	n, ok := p.end(ctx, sid)
	switch {
	case !ok:
		return fmt.Errorf("idptest: no session %q", sid)
	case n.Err != nil:
		return n.Err
	case n.Token != "" && n.Status != http.StatusOK && n.Status != http.StatusNoContent:
		return fmt.Errorf("idptest: the relying party answers the logout token with status %d: %s", n.Status, n.Body)
	}
	return nil
}

// Notice is what the relying party was told of a session's end.
type Notice struct {
	Subject, SessionID string
	Token              string // the logout token sent; empty without Config.BackchannelLogoutURI
	Status             int    // of the answer, 0 for none
	Body               string
	Err                error
	Frame              string // what a browser is to load in a frame; empty without Config.FrontchannelLogoutURI
}

// Notices are those of all sessions ended so far, by whomever; of very many only the latest.
func (p *Provider) Notices() []Notice {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.notices)
}

// end ends a session and tells the relying party of it, once.
func (p *Provider) end(ctx context.Context, sid string) (Notice, bool) {
	p.mu.Lock()
	subject, ok := p.sessions.end(sid)
	back, front := p.cfg.BackchannelLogoutURI, p.cfg.FrontchannelLogoutURI
	p.mu.Unlock()
	if !ok {
		return Notice{}, false
	}
	n := Notice{Subject: subject, SessionID: sid}
	if back != "" {
		if n.Token, n.Err = p.LogoutToken(subject, sid); n.Err == nil {
			n.Status, n.Body, n.Err = p.SendLogout(ctx, back, n.Token)
		}
	}
	if u, err := url.Parse(front); front != "" && err == nil {
		// Front-Channel Logout §2: iss and sid, added to the query that the URI has.
		q := u.Query()
		q.Set("iss", p.cfg.Issuer)
		q.Set("sid", sid)
		u.RawQuery = q.Encode()
		n.Frame = u.String()
	} else if err != nil {
		n.Err = errors.Join(n.Err, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.notices) == maxRecords {
		p.notices = append(p.notices[:0], p.notices[maxRecords/2:]...)
	}
	p.notices = append(p.notices, n)
	return n, true
}

// cookie is the name under which a browser knows its sessions. Hosts share cookies between ports, so the port is in it.
func (p *Provider) cookie() string {
	return "idptest-" + p.socket.Addr().String()[strings.LastIndexByte(p.socket.Addr().String(), ':')+1:]
}

// maxBrowser is how many sessions a browser is remembered to have.
const maxBrowser = 20

// remember adds a session to those of the browser.
func (p *Provider) remember(w http.ResponseWriter, r *http.Request, sid string) {
	sids := append(slices.DeleteFunc(p.remembered(r), func(s string) bool { return s == sid }), sid)
	p.setCookie(w, sids[max(0, len(sids)-maxBrowser):])
}

func (p *Provider) setCookie(w http.ResponseWriter, sids []string) {
	escaped := make([]string, len(sids))
	for i, sid := range sids {
		escaped[i] = url.QueryEscape(sid)
	}
	c := &http.Cookie{Name: p.cookie(), Value: strings.Join(escaped, "&"), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if len(sids) == 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// remembered are the sessions that the browser's cookie names.
func (p *Provider) remembered(r *http.Request) []string {
	c, err := r.Cookie(p.cookie())
	if err != nil || c.Value == "" {
		return nil
	}
	var sids []string
	for _, part := range strings.Split(c.Value, "&") {
		if sid, err := url.QueryUnescape(part); err == nil {
			sids = append(sids, sid)
		}
	}
	return sids
}
