package web_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/merge"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// merger takes the steps of a merge of one pool of a site into its own.
type merger struct {
	s    *site
	from *hub.Pool
}

func (m merger) Begin(ctx context.Context, h *merge.Header) (*hub.Merge, error) {
	return merge.Begin(ctx, m.s.Pool, []*hub.Pool{m.s.Pool, m.from}, h, "test")
}

func (m merger) Step(ctx context.Context, id string, work []merge.Work) (all []merge.Outcome, err error) {
	for i := range work { // one by one, so that more happens in between
		o, err := merge.Step(ctx, m.s.Pool, m.from, id, work[i:i+1])
		if err != nil {
			return nil, err
		}
		all = append(all, o...)
		time.Sleep(time.Millisecond)
	}
	return all, nil
}

func (m merger) Finish(ctx context.Context, id string) (*hub.Merge, error) {
	return merge.Finish(ctx, m.s.Pool, id)
}

// plan makes a plan of all of a pool.
func (m merger) plan(t *testing.T) *merge.Plan {
	t.Helper()
	terms, err := merge.TermsOf(t.Context(), m.s.Pool, []*hub.Pool{m.s.Pool, m.from})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := merge.ParseRules(nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, err = merge.New(t.Context(), merge.Make{
		From: merge.PoolSource(t.Context(), m.from), Into: merge.PoolSource(t.Context(), m.s.Pool), Terms: terms, Rules: rules, Now: m.s.Now(),
		Seal: func(_ context.Context, texts []string) ([]string, error) { return merge.Seal(m.s.Pool, texts) },
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	plan, err := merge.OpenPlan(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plan.Close() })
	return plan
}

// TestA101_SignInsDuringMerge: people sign in at the pool while another comes into
// it, some by identities that are on their way. Each ends as one user, no sign-in
// fails, and what was given in between lives on.
func TestA101_SignInsDuringMerge(t *testing.T) {
	const crowd = 12
	h := hubtest.New(t)
	up := idptest.New(t, idptest.Config{Algorithm: "ES256"})
	h.Link(h.Pool, "CorporateID", up).TrustedDomains = []string{"x.example"}
	old := h.AddPool("old", "http://old.test")
	h.Link(old, "CorporateID", up).TrustedDomains = []string{"x.example"}
	var people []idptest.User
	err := old.Space.Update(t.Context(), func(tx *store.Tx) error {
		for i := range crowd {
			subject := fmt.Sprintf("p%d", i)
			u := &hub.User{
				Sub: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Username: "CorporateID_" + subject, Status: hub.ExternalProvider, Created: tx.Now,
				Attributes: mapping.Attributes{"email": subject + "@x.example", "email_verified": "true"},
				Links:      []hub.Link{{Provider: "CorporateID", Issuer: up.Issuer(), Subject: subject, Type: "OIDC", Primary: true}},
			}
			if err := hub.Users.Put(tx, u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range crowd {
		subject := fmt.Sprintf("p%d", i)
		people = append(people, idptest.User{Subject: subject, Claims: map[string]any{"email": subject + "@x.example", "email_verified": true}})
		if i%2 == 0 { // half of them are here too, by a password
			h.AddUser(h.Pool, subject, directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": subject + "@x.example", "email_verified": "true"}})
		}
	}
	up.SetUsers(people...)
	s := serve(t, h)
	m := merger{s, old}
	plan := m.plan(t)
	h.Advance(time.Minute)

	var all sync.WaitGroup
	var mu sync.Mutex
	var given []*tokens
	signIn := func(round, i int) {
		subject := fmt.Sprintf("p%d", i)
		b := s.browser(t)
		page := b.authorize("identity_provider", "CorporateID", "login_hint", subject)
		params, _ := page.app()
		if i%4 == 0 && round%2 == 1 {
			params, _ = b.submit(b.authorize("prompt", "login"), "username", subject, "password", hubtest.Password).app()
		}
		got := s.token(t, redeem(params.Get("code")))
		if got.Access == "" || s.userInfo(t, got.Access) != 200 {
			t.Errorf("%s in round %d: %v %+v", subject, round, params, got)
		}
		if again, _ := b.authorize("prompt", "none").app(); again.Get("code") == "" {
			t.Errorf("%s in round %d: the session is dead: %v", subject, round, again)
		}
		mu.Lock()
		given = append(given, got)
		mu.Unlock()
	}
	for i := range crowd {
		if i%3 == 0 {
			signIn(0, i) // before the first entry has its turn
		}
	}
	for i := range crowd {
		all.Go(func() {
			for round := 1; round <= 3; round++ {
				signIn(round, i)
			}
		})
	}
	tally, err := merge.Apply(t.Context(), plan, nil, m, nil)
	all.Wait()
	if err != nil || tally.Joined+tally.Added != crowd || tally.Refused != 0 {
		t.Errorf("%+v, %v", tally, err)
	}
	users := h.Users(h.Pool)
	if len(users) != crowd+1 { // and Ana
		t.Errorf("%d users of %d people", len(users), crowd+1)
	}
	for i := range crowd {
		u := h.User(h.Pool, fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
		if u == nil || len(u.Links) != 1 || u.Links[0].Subject != fmt.Sprintf("p%d", i) || (i%2 == 0) != (u.Password != "") {
			t.Errorf("p%d is %+v", i, u)
		}
	}
	for _, g := range given {
		if fresh := s.token(t, refresh(g.Fresh)); fresh.Access == "" || s.userInfo(t, fresh.Access) != 200 || s.userInfo(t, g.Access) != 200 {
			t.Errorf("what was given is dead: %+v", fresh)
		} else if a, b := subOf(t, s, g.Access), subOf(t, s, fresh.Access); a != b {
			t.Errorf("a refresh changed the sub from %s to %s", a, b)
		}
	}
}

// TestLegacySub: until the day an app gets the sub of the merged pool wherever a
// person is named, may name people by it, and no other app sees it.
func TestLegacySub(t *testing.T) {
	s := machines(t)
	const legacy = "99999999-0000-4000-8000-000000000001"
	err := s.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		u, err := hub.Users.Find(tx, "name", hub.LocalNameKey(hubtest.Username))
		if err != nil {
			return err
		}
		u.Aliases = []hub.Alias{{Sub: "other", Pool: "another"}, {Sub: legacy, Pool: "old"}}
		return hub.Users.Put(tx, u)
	})
	if err != nil {
		t.Fatal(err)
	}
	own := s.User(s.Pool, hubtest.Username).Sub
	client := s.Pool.Clients[hubtest.ClientID]
	client.LegacySub = &hub.LegacySub{Pool: "old", Until: s.Now().Add(30 * time.Minute)}
	client.RefreshLife = 24 * time.Hour
	heard := s.ear(t, client)
	api := s.Pool.Clients[apiID]
	api.Flows, api.ExchangesFrom, api.AccessLife, api.Scopes = []string{"token_exchange"}, []string{hubtest.ClientID}, time.Hour, oauth.Scope{"openid"}

	b := s.browser(t)
	id, claims := exchange(t, s, b.code())
	if id.Subject != legacy || claims["sub"] != legacy {
		t.Errorf("ID token about %s", id.Subject)
	}
	params, _ := b.authorize("prompt", "none").app()
	got := s.token(t, redeem(params.Get("code")))
	if sub := subOf(t, s, got.Access); sub != legacy {
		t.Errorf("access token about %s", sub)
	}
	if a := s.introspect(t, apiID, apiSecret, got.Access); a["sub"] != legacy {
		t.Errorf("introspection %v", a)
	}
	if a := s.introspect(t, hubtest.ClientID, hubtest.ClientSecret, got.Fresh); a["sub"] != legacy {
		t.Errorf("introspection of the refresh token %v", a)
	}
	if fresh := s.token(t, refresh(got.Fresh)); subOf(t, s, fresh.Access) != legacy {
		t.Error("the refresh changed the sub")
	}
	exchanged := s.tokenAs(t, hubtest.Issuer, apiID, apiSecret, values("grant_type", oauth.GrantTokenExchange, "subject_token", got.Access,
		"subject_token_type", oauth.TypeAccessToken, "scope", "openid"))
	if sub := subOf(t, s, exchanged.Access); sub != own || s.userInfo(t, exchanged.Access) != 200 {
		t.Errorf("another client's token is about %s", sub)
	}
	for name, hint := range map[string]string{"its own": got.ID, "the claims": ""} {
		changes := []string{"prompt", "none"}
		if hint != "" {
			changes = append(changes, "id_token_hint", hint)
		} else {
			changes = append(changes, "claims", `{"id_token":{"sub":{"value":"`+legacy+`"}}}`)
		}
		if params, _ := b.authorize(changes...).app(); params.Get("code") == "" {
			t.Errorf("%s: %v", name, params)
		}
	}
	if params, _ := b.authorize("prompt", "none", "claims", `{"id_token":{"sub":{"value":"somebody"}}}`).app(); params.Get("error") != "login_required" {
		t.Errorf("somebody else's sub: %v", params)
	}
	out := url.Values{"id_token_hint": {got.ID}, "post_logout_redirect_uri": {hubtest.LogoutURL}}
	if r := b.once("GET", hubtest.Issuer+"/logout?"+out.Encode(), nil); !strings.HasPrefix(r.Header.Get("Location"), hubtest.LogoutURL) {
		t.Errorf("the hint did not name the session: to %q", r.Header.Get("Location"))
	}
	if w := hear(t, heard); w.token.Subject != legacy {
		t.Errorf("logout token about %s", w.token.Subject)
	}

	// The day after.
	s.Advance(31 * time.Minute)
	if id, _ := exchange(t, s, s.browser(t).code()); id.Subject != own {
		t.Errorf("after the day: %s", id.Subject)
	}
}

// TestLegacySubEndsOldSession: an ID token that bears the sub of the merged pool names
// a session that has grown old, as any other does.
func TestLegacySubEndsOldSession(t *testing.T) {
	s := machines(t)
	const legacy = "99999999-0000-4000-8000-000000000001"
	err := s.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		u, err := hub.Users.Find(tx, "name", hub.LocalNameKey(hubtest.Username))
		if err != nil {
			return err
		}
		u.Aliases = []hub.Alias{{Sub: legacy, Pool: "old"}}
		return hub.Users.Put(tx, u)
	})
	if err != nil {
		t.Fatal(err)
	}
	client := s.Pool.Clients[hubtest.ClientID]
	client.LegacySub = &hub.LegacySub{Pool: "old", Until: s.Now().Add(48 * time.Hour)}
	client.RefreshLife = 24 * time.Hour
	b := s.browser(t)
	got := s.token(t, redeem(b.code()))
	s.Advance(s.Pool.SessionLife + time.Minute)
	out := url.Values{"id_token_hint": {got.ID}, "post_logout_redirect_uri": {hubtest.LogoutURL}}
	s.browser(t).once("GET", hubtest.Issuer+"/logout?"+out.Encode(), nil)
	if again := s.token(t, refresh(got.Fresh)); again.Error != "invalid_grant" {
		t.Errorf("signed out, and the refresh token lives: %+v", again)
	}
}

// TestTwoUpstreamsOnePerson: somebody who comes by one company here and by another
// one there is one person by either after the pools were merged.
func TestTwoUpstreamsOnePerson(t *testing.T) {
	h := hubtest.New(t)
	north, south := idptest.New(t, idptest.Config{}), idptest.New(t, idptest.Config{Algorithm: "ES256"})
	old := h.AddPool("old", "http://old.test")
	h.Link(h.Pool, "North", north).TrustedDomains = []string{"x.example"}
	h.Link(h.Pool, "South", south).TrustedDomains = []string{"x.example"}
	h.Link(old, "South", south).TrustedDomains = []string{"x.example"}
	claims := map[string]any{"email": "eve@x.example", "email_verified": true}
	north.SetUser(idptest.User{Subject: "n-1", Claims: claims})
	south.SetUser(idptest.User{Subject: "s-1", Claims: claims})
	s := serve(t, h, h.Pool, old)
	sub := func(issuer, provider string) string {
		t.Helper()
		r := s.browser(t).get(issuer + "/oauth2/authorize?" + hubtest.Authorization("identity_provider", provider).Encode())
		params, _ := r.app()
		got := s.tokenAs(t, issuer, hubtest.ClientID, hubtest.ClientSecret, redeem(params.Get("code")))
		if got.Access == "" {
			t.Fatalf("%s at %s: %d %s", provider, issuer, r.StatusCode, r.doc(t).Find("main").Text())
		}
		claims := strings.Split(got.Access, ".")[1]
		payload, err := base64.RawURLEncoding.DecodeString(claims)
		if err != nil {
			t.Fatal(err)
		}
		var who struct{ Sub string }
		if err := json.Unmarshal(payload, &who); err != nil {
			t.Fatal(err)
		}
		return who.Sub
	}
	here, there := sub(hubtest.Issuer, "North"), sub("http://old.test", "South")
	m := merger{s, old}
	if tally, err := merge.Apply(t.Context(), m.plan(t), nil, m, nil); err != nil || tally.Joined != 1 {
		t.Fatalf("%+v, %v", tally, err)
	}
	if byNorth, bySouth := sub(hubtest.Issuer, "North"), sub(hubtest.Issuer, "South"); byNorth != here || bySouth != here {
		t.Errorf("by North %s, by South %s; before %s here and %s there", byNorth, bySouth, here, there)
	}
	if u := h.User(h.Pool, here); len(u.Links) != 2 || len(u.Aliases) != 1 || u.Aliases[0].Sub != there {
		t.Errorf("%+v", u)
	}
}
