package web_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// early is an account made with the address of a person who has not come yet, and
// all that a stranger holds of it.
type early struct {
	*joining
	sub      string
	stranger *browser
	tokens   *tokens
	unused   string // a code
}

func makeEarly(t *testing.T) *early {
	t.Helper()
	e := &early{joining: join(t, "corp.example")}
	e.sub = e.AddUser(e.Pool, "early", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{
		"email": "owner@corp.example", "phone_number": "+15550100", "phone_number_verified": "true",
	}}).Sub
	e.stranger = e.browser(t)
	params, _ := e.stranger.submit(e.stranger.authorize(), "username", "early", "password", hubtest.Password).app()
	e.tokens = e.token(t, redeem(params.Get("code")))
	params, _ = e.stranger.authorize().app()
	if e.unused = params.Get("code"); e.tokens.Fresh == "" || e.unused == "" {
		t.Fatal("the stranger is not in")
	}
	if _, err := directory.Link(t.Context(), e.Pool, "early", hub.Link{Provider: "Social", Subject: "stranger"}, "ops"); err != nil {
		t.Fatal(err)
	}
	e.corp.SetUser(person("owner", "owner@corp.example", true))
	return e
}

// claim has the owner come and take the account over.
func (e *early) claim(t *testing.T) *browser {
	t.Helper()
	b := e.browser(t)
	r := b.authorize("identity_provider", "CorporateID")
	if !r.asked(t) || r.doc(t).Find("button[value=claim]").Length() != 1 {
		t.Fatalf("not offered:\n%s", r.body)
	}
	if u := e.User(e.Pool, "early"); u.Password == "" || len(u.Links) != 1 {
		t.Fatal("something fell before the owner had spoken")
	}
	if got := e.in(t, b.submit(r, "choice", "claim")); got != e.sub {
		t.Fatalf("came in as %q", got)
	}
	return b
}

// The owner of the address, proven by a provider trusted for it, has the account,
// and of the stranger's ways into it none is left (A88 too: no second identifier).
func TestA86_ClaimedAccount(t *testing.T) {
	e := makeEarly(t)
	b := e.claim(t)
	u := e.User(e.Pool, "early")
	if u.Password != "" || len(u.Links) != 1 || u.Links[0].Subject != "owner" || u.Attributes["email_verified"] != "true" || u.Attributes["phone_number"] != "" {
		t.Errorf("%+v", u)
	}
	if again := e.tryPassword(t, "early", hubtest.Password); again.StatusCode != http.StatusBadRequest {
		t.Errorf("password: %d", again.StatusCode)
	}
	e.social.SetUser(person("stranger", "stranger@home.example", true))
	if got := e.in(t, e.browser(t).authorize("identity_provider", "Social")); got == e.sub {
		t.Error("link")
	}
	if params, _ := b.authorize("prompt", "none").app(); params.Get("code") == "" {
		t.Error("the owner's own session fell too")
	}
	if _, err := e.Directory.Create(t.Context(), e.Pool, directory.NewUser{Username: "early", Password: hubtest.Password}); err == nil {
		t.Error("the name is free for another (A80)")
	}
	if events := e.Events(hub.UserClaimed); len(events) != 1 || events[0].Sub != e.sub {
		t.Errorf("events %+v", events)
	}
}

// What the stranger had made early is dead: session, code, tokens, and a proof
// that was under way.
func TestA87_WhatWasMadeEarlyDies(t *testing.T) {
	e := makeEarly(t)
	e.social.SetUser(person("second", "second@home.example", true))
	e.stranger.submit(e.stranger.get(accountPage), "username", "early", "password", hubtest.Password)
	adding := e.stranger.change("choice", "add", "provider", "Social")
	e.claim(t)
	if again := e.stranger.submit(adding, "choice", "continue"); again.StatusCode != http.StatusBadRequest {
		t.Errorf("a link under way: %d", again.StatusCode)
	}
	if again := e.token(t, refresh(e.tokens.Fresh)); again.Error != "invalid_grant" {
		t.Errorf("refresh token: %+v", again)
	}
	if again := e.token(t, redeem(e.unused)); again.Error != "invalid_grant" {
		t.Errorf("code: %+v", again)
	}
	if e.userInfo(t, e.tokens.Access) == http.StatusOK {
		t.Error("access token")
	}
	if again, _ := e.stranger.authorize("prompt", "none").app(); again.Get("error") != "login_required" {
		t.Errorf("session: %v", again)
	}
	if l := e.User(e.Pool, "early").Links; len(l) != 1 {
		t.Errorf("links %+v", l)
	}
}

// Nobody claims an account whose address is proven, or by a provider that is not
// trusted for it.
func TestA82_NoClaim(t *testing.T) {
	for name, trusted := range map[string][]string{"not trusted": nil, "trusted elsewhere": {"home.example"}} {
		t.Run(name, func(t *testing.T) {
			j := join(t, trusted...)
			early := j.AddUser(j.Pool, "early", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "owner@corp.example"}})
			j.corp.SetUser(person("owner", "owner@corp.example", true))
			b := j.browser(t)
			r := b.authorize("identity_provider", "CorporateID")
			if !r.asked(t) || r.doc(t).Find("button[value=claim]").Length() != 0 {
				t.Fatalf("offered:\n%s", r.body)
			}
			if got := j.in(t, b.submit(r, "choice", "claim")); got == early.Sub {
				t.Error("claimed")
			}
			if u := j.User(j.Pool, "early"); u.Password == "" || len(u.Links) > 0 {
				t.Errorf("%+v", u)
			}
		})
	}
	t.Run("proven meanwhile", func(t *testing.T) {
		j := join(t, "corp.example")
		early := j.AddUser(j.Pool, "early", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "owner@corp.example"}})
		j.corp.SetUser(person("owner", "owner@corp.example", true))
		b := j.browser(t)
		r := b.authorize("identity_provider", "CorporateID")
		// Its owner joins it in another browser first.
		other := j.browser(t)
		if got := j.in(t, other.submit(other.authorize("identity_provider", "CorporateID"), "password", hubtest.Password)); got != early.Sub {
			t.Fatal("not joined")
		}
		if got := j.in(t, b.submit(r, "choice", "claim")); got != "" {
			t.Errorf("claimed as %q", got)
		}
		if u := j.User(j.Pool, "early"); u.Password == "" {
			t.Error("the password fell")
		}
	})
}

// Every storage call of a claim fails in turn: the account is wholly the owner's
// or untouched, and who comes in is who it was given to.
func TestA93_StorageFailsInClaim(t *testing.T) {
	h := hubtest.NewFaulty(t)
	up := idptest.New(t, idptest.Config{Algorithm: "ES256"})
	pr := h.Link(h.Pool, "CorporateID", up)
	pr.OnMatch, pr.TrustedDomains = hub.MatchAsk, []string{"corp.example"}
	s := serve(t, h)
	for n := 1; ; n++ {
		name := fmt.Sprint("early", n)
		early := s.AddUser(s.Pool, name, directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": name + "@corp.example"}})
		stranger, b := s.browser(t), s.browser(t)
		stranger.address, b.address = fmt.Sprintf("192.0.2.%d:1", n), fmt.Sprintf("198.51.100.%d:1", n) // forms are held to a pace
		stranger.submit(stranger.authorize(), "username", name, "password", hubtest.Password)
		up.SetUser(person(name, name+"@corp.example", true))
		r := b.authorize("identity_provider", "CorporateID")
		s.Faults.At(n)
		claimed := b.submit(r, "choice", "claim")
		hit := s.Faults.Hit()
		s.Faults.At(0)
		u := s.User(s.Pool, early.Sub)
		params, _ := stranger.authorize("prompt", "none").app()
		switch untouched := u.Password != "" && len(u.Links) == 0 && params.Get("code") != ""; {
		case untouched == (u.Password == "" && len(u.Links) == 1 && params.Get("error") == "login_required"):
			t.Errorf("call %d: half of it: %+v, the stranger got %v", n, u, params)
		case untouched && s.in(t, claimed) != "":
			t.Errorf("call %d: came in without the account", n)
		}
		if !hit {
			if s.in(t, claimed) != early.Sub {
				t.Errorf("no fault and no sign-in: %d", claimed.StatusCode)
			}
			return
		}
	}
}
