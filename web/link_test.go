package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/idp/migration/migrationtest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// joining is a hub with two providers, both of which ask on a match.
type joining struct {
	*site
	corp, social *idptest.Provider
	corporate    *hub.Provider
}

func join(t *testing.T, trusted ...string) *joining {
	t.Helper()
	h := hubtest.New(t)
	j := &joining{corp: idptest.New(t, idptest.Config{Algorithm: "ES256"}), social: idptest.New(t, idptest.Config{Algorithm: "ES256"})}
	j.corporate = h.Link(h.Pool, "CorporateID", j.corp)
	j.corporate.OnMatch, j.corporate.TrustedDomains = hub.MatchAsk, trusted
	h.Link(h.Pool, "Social", j.social).OnMatch = hub.MatchAsk
	j.site = serve(t, h)
	return j
}

// person is an identity with an address, proven or not.
func person(subject, address string, verified any) idptest.User {
	claims := map[string]any{"email": address}
	if verified != nil {
		claims["email_verified"] = verified
	}
	return idptest.User{Subject: subject, Claims: claims}
}

// asked tells whether a page asks for the proof of an account.
func (r *response) asked(t *testing.T) bool {
	t.Helper()
	return r.doc(t).Find(`form[action="/login/join"]`).Length() > 0
}

// in is who the app gets at the end of a sign-in; empty when it gets no code.
func (s *site) in(t *testing.T, r *response) string {
	t.Helper()
	params, ok := r.app()
	if !ok || params.Get("code") == "" {
		return ""
	}
	return subOf(t, s, s.token(t, redeem(params.Get("code"))).Access)
}

// The rule joins two accounts only with JSON true from a provider trusted for the
// whole domain, and an address that the account itself has proven: every kind of
// claim, each look-alike of the domain, each state of the account.
func TestA81_RuleNeedsEveryProof(t *testing.T) {
	proven := mapping.Attributes{"email": "bob@corp.example", "email_verified": "true"}
	for name, c := range map[string]struct {
		address  string
		verified any
		trusted  []string
		local    mapping.Attributes
		joined   bool
	}{
		"all of it":              {"bob@corp.example", true, []string{"corp.example"}, proven, true},
		"another spelling":       {"Bob@CORP.example", true, []string{"corp.example"}, proven, true},
		"text true":              {"bob@corp.example", "true", []string{"corp.example"}, proven, false},
		"one":                    {"bob@corp.example", 1, []string{"corp.example"}, proven, false},
		"list":                   {"bob@corp.example", []any{true}, []string{"corp.example"}, proven, false},
		"object":                 {"bob@corp.example", map[string]any{"a": true}, []string{"corp.example"}, proven, false},
		"false":                  {"bob@corp.example", false, []string{"corp.example"}, proven, false},
		"null":                   {"bob@corp.example", nil, []string{"corp.example"}, proven, false},
		"not trusted":            {"bob@corp.example", true, nil, proven, false},
		"trusted above":          {"bob@corp.example", true, []string{"example"}, proven, false},
		"trusted below":          {"bob@corp.example", true, []string{"a.corp.example"}, proven, false},
		"trusted look-alike":     {"bob@corp.example", true, []string{"xcorp.example"}, proven, false},
		"full width":             {"ｂob@corp.example", true, []string{"corp.example"}, proven, false},
		"two addresses":          {"bob@corp.example,x@corp.example", true, []string{"corp.example"}, proven, false},
		"two ats":                {"bob@x@corp.example", true, []string{"corp.example"}, proven, false},
		"local unproven":         {"bob@corp.example", true, []string{"corp.example"}, mapping.Attributes{"email": "bob@corp.example"}, false},
		"local says false":       {"bob@corp.example", true, []string{"corp.example"}, mapping.Attributes{"email": "bob@corp.example", "email_verified": "false"}, false},
		"local address full wid": {"bob@corp.example", true, []string{"corp.example"}, mapping.Attributes{"email": "ｂob@corp.example", "email_verified": "true"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			j := join(t, c.trusted...)
			bob := j.AddUser(j.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: c.local})
			j.corp.SetUser(person("b-1", c.address, c.verified))
			r := j.browser(t).authorize("identity_provider", "CorporateID")
			links := j.User(j.Pool, "bob").Links
			if joined := len(links) == 1; joined != c.joined {
				t.Fatalf("joined: %v", joined)
			}
			if !c.joined {
				if got := j.in(t, r); got == bob.Sub {
					t.Error("came in as bob")
				}
				return
			}
			if j.in(t, r) != bob.Sub {
				t.Error("did not come in as bob")
			}
			if e := links[0].Evidence; links[0].Primary || e == nil || e.By != "rule" || !strings.Contains(e.Why, "corp.example") || !strings.HasSuffix(e.Claims["email"], "***@"+strings.SplitN(c.address, "@", 2)[1]) || e.Claims["email_verified"] != "true" {
				t.Errorf("evidence %+v", e)
			}
			if events := j.Events(hub.UserLinked); len(events) != 1 || events[0].Sub != bob.Sub || events[0].Reason != "rule" {
				t.Errorf("events %+v", events)
			}
			if _, err := j.Directory.Authenticate(t.Context(), j.Pool, "bob", hubtest.Password); err != nil {
				t.Error("the password is gone")
			}
		})
	}
}

// A local mark that only an untrusted provider could have set proves nothing.
func TestA88_MarkOfProviderThatDoesNotVerify(t *testing.T) {
	j := join(t, "corp.example")
	j.social.SetUser(person("attacker", "victim@corp.example", true))
	early := j.in(t, j.browser(t).authorize("identity_provider", "Social"))
	if u := j.User(j.Pool, early); u == nil || u.Attributes["email_verified"] != "true" {
		t.Fatal("the early account does not look proven")
	}
	j.corp.SetUser(person("victim", "victim@corp.example", true))
	b := j.browser(t)
	r := b.authorize("identity_provider", "CorporateID")
	if !r.asked(t) || r.doc(t).Find("button[value=claim]").Length() > 0 {
		t.Fatalf("not asked, or offered an account of another's name:\n%s", r.body)
	}
	if got := j.in(t, b.submit(r, "choice", "apart")); got == "" || got == early {
		t.Errorf("came in as %q", got)
	}
}

// The person is asked, proves the account by its password in the same sign-in, and
// from then on both ways lead to it.
func TestJoinByPassword(t *testing.T) {
	for _, trusted := range [][]string{nil, {"home.example"}} {
		j := join(t, trusted...)
		bob := j.AddUser(j.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "bob@home.example"}})
		j.corp.SetUser(person("b-1", "BOB@home.example", true))
		b := j.browser(t)
		r := b.authorize("identity_provider", "CorporateID")
		if !r.asked(t) || len(j.Users(j.Pool)) != 2 {
			t.Fatalf("not asked:\n%s", r.body)
		}
		if text := r.doc(t).Find("main").Text(); !strings.Contains(text, "b***@home.example") || strings.Contains(strings.ToLower(r.body), "bob") {
			t.Errorf("the page says more than the person knows: %s", text)
		}
		if again := b.submit(r, "password", "Wr0ng-Horse"); again.StatusCode != http.StatusBadRequest || !again.asked(t) {
			t.Errorf("a wrong password: %d", again.StatusCode)
		}
		if got := j.in(t, b.submit(r, "password", hubtest.Password)); got != bob.Sub {
			t.Fatalf("came in as %q", got)
		}
		l := j.User(j.Pool, "bob").Links
		if len(l) != 1 || l[0].Subject != "b-1" || l[0].Primary || l[0].Evidence == nil || l[0].Evidence.By != "person" {
			t.Fatalf("links %+v", l)
		}
		if got := j.in(t, j.browser(t).authorize("identity_provider", "CorporateID")); got != bob.Sub {
			t.Error("the new way leads elsewhere")
		}
		if got := j.in(t, j.browser(t).submit(j.browser(t).authorize(), "username", "bob", "password", hubtest.Password)); got != "" {
			t.Error("a form of another browser was taken")
		}
		fresh := j.browser(t)
		if got := j.in(t, fresh.submit(fresh.authorize(), "username", "bob", "password", hubtest.Password)); got != bob.Sub {
			t.Error("the old way leads elsewhere")
		}
		if again := b.submit(r, "password", hubtest.Password); again.StatusCode != http.StatusBadRequest {
			t.Errorf("the page once more: %d", again.StatusCode)
		}
	}
}

// The account is proven by another provider, in the same sign-in, freshly.
func TestJoinByProvider(t *testing.T) {
	j := join(t, "corp.example")
	j.social.SetUser(person("g-7", "bob@corp.example", false))
	bob := j.in(t, j.browser(t).authorize("identity_provider", "Social"))
	j.corp.SetUser(person("b-1", "bob@corp.example", true))
	b := j.browser(t)
	r := b.authorize("identity_provider", "CorporateID")
	link := r.doc(t).Find(`a[href^="/login/join"]`)
	if link.Length() != 1 || r.doc(t).Find("input[type=password]").Length() != 0 {
		t.Fatalf("of the account's ways, and no others:\n%s", r.body)
	}
	params, _ := b.get(hubtest.Issuer + link.AttrOr("href", "")).app()
	id, claims := exchange(t, j.site, params.Get("code"))
	if id.Subject != bob || claims["cognito:username"] != "Social_g-7" {
		t.Fatalf("came in as %q, %v", id.Subject, claims)
	}
	var flags []string
	for _, one := range claims["identities"].([]any) {
		identity := one.(map[string]any)
		flags = append(flags, fmt.Sprint(identity["providerName"], " ", identity["userId"], " ", identity["primary"]))
	}
	if got := strings.Join(flags, ", "); got != "Social g-7 true, CorporateID b-1 false" {
		t.Errorf("identities: %s", got)
	}
	u := j.User(j.Pool, bob)
	if len(u.Links) != 2 || !u.Links[0].Primary || u.Links[1].Primary || u.Username != "Social_g-7" {
		t.Errorf("user %+v", u)
	}
}

// Proofs that are of something else: another person's identity, one of long ago,
// another browser, too late, twice, a sign-in that was never asked.
func TestA84_ProofIsOfOneLink(t *testing.T) {
	setup := func(t *testing.T) (j *joining, b *browser, r *response, prove string) {
		j = join(t)
		j.social.SetUser(person("g-7", "bob@corp.example", false))
		j.in(t, j.browser(t).authorize("identity_provider", "Social"))
		j.corp.SetUser(person("b-1", "bob@corp.example", true))
		b = j.browser(t)
		r = b.authorize("identity_provider", "CorporateID")
		return j, b, r, hubtest.Issuer + r.doc(t).Find(`a[href^="/login/join"]`).AttrOr("href", "")
	}
	alone := func(t *testing.T, j *joining) {
		t.Helper()
		for _, u := range j.Users(j.Pool) {
			if len(u.Links) > 1 {
				t.Errorf("joined: %+v", u.Links)
			}
		}
	}
	t.Run("another person", func(t *testing.T) {
		j, b, _, prove := setup(t)
		j.social.SetUser(person("attacker", "attacker@home.example", true))
		if again := b.get(prove); again.StatusCode != http.StatusBadRequest || !again.asked(t) {
			t.Errorf("%d\n%s", again.StatusCode, again.body)
		}
		alone(t, j)
	})
	t.Run("of long ago", func(t *testing.T) {
		j, b, _, prove := setup(t)
		bob := person("g-7", "bob@corp.example", false)
		bob.AuthTime = j.Now().Add(-10 * time.Minute)
		j.social.SetUser(bob)
		if again := b.get(prove); again.StatusCode != http.StatusBadGateway {
			t.Errorf("%d\n%s", again.StatusCode, again.body)
		}
		alone(t, j)
	})
	t.Run("another browser", func(t *testing.T) {
		j, _, r, prove := setup(t)
		other := j.browser(t)
		if again := other.get(prove); again.StatusCode != http.StatusBadRequest {
			t.Errorf("by link: %d", again.StatusCode)
		}
		if again := other.submit(r, "choice", "apart"); again.StatusCode != http.StatusBadRequest {
			t.Errorf("by form: %d", again.StatusCode)
		}
		alone(t, j)
	})
	t.Run("too late", func(t *testing.T) {
		j, b, r, prove := setup(t)
		j.Advance(11 * time.Minute)
		for _, again := range []*response{b.get(prove), b.submit(r, "choice", "apart"), b.submit(r, "choice", "claim"), b.submit(r, "password", hubtest.Password)} {
			if again.StatusCode != http.StatusBadRequest {
				t.Errorf("%d", again.StatusCode)
			}
		}
		alone(t, j)
	})
	t.Run("two sign-ins at once", func(t *testing.T) {
		j, b, _, prove := setup(t)
		// The same browser has another sign-in, of another person, that was asked too.
		j.corp.SetUser(person("mallory", "bob@corp.example", true))
		second := b.authorize("identity_provider", "CorporateID")
		if !second.asked(t) {
			t.Fatal("not asked")
		}
		if got := j.in(t, b.get(prove)); got == "" {
			t.Fatal("the first was not proven")
		}
		for _, u := range j.Users(j.Pool) {
			for _, l := range u.Links {
				if l.Subject == "mallory" {
					t.Error("the proof of one sign-in joined the identity of another")
				}
			}
		}
	})
	t.Run("once", func(t *testing.T) {
		j, b, r, prove := setup(t)
		if got := j.in(t, b.get(prove)); got == "" {
			t.Fatal("not joined")
		}
		for _, again := range []*response{b.get(prove), b.submit(r, "choice", "apart"), b.submit(r, "choice", "claim")} {
			if j.in(t, again) != "" {
				t.Error("used twice")
			}
		}
		if n := len(j.Users(j.Pool)); n != 2 {
			t.Errorf("%d users", n)
		}
	})
	t.Run("never asked", func(t *testing.T) {
		j, _, _, _ := setup(t)
		b := j.browser(t)
		r := b.authorize()
		tx := r.doc(t).Find("input[name=tx]").AttrOr("value", "")
		for _, choice := range []string{"apart", "claim", ""} {
			again := b.post(hubtest.Issuer+"/login/join", map[string][]string{"tx": {tx}, "choice": {choice}, "password": {hubtest.Password}})
			if again.StatusCode != http.StatusBadRequest {
				t.Errorf("%q: %d", choice, again.StatusCode)
			}
		}
	})
	t.Run("password changed meanwhile, or user disabled", func(t *testing.T) {
		j := join(t)
		j.AddUser(j.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "bob@corp.example"}})
		j.corp.SetUser(person("b-1", "bob@corp.example", true))
		b := j.browser(t)
		r := b.authorize("identity_provider", "CorporateID")
		if _, err := directory.SetDisabled(t.Context(), j.Pool, "bob", true, hub.End{}); err != nil {
			t.Fatal(err)
		}
		if again := b.submit(r, "password", hubtest.Password); j.in(t, again) != "" {
			t.Error("a disabled account was joined")
		}
		if got := j.in(t, b.submit(r, "choice", "claim")); got != "" {
			t.Error("a disabled account was claimed")
		}
		alone(t, j)
		if len(j.User(j.Pool, "bob").Links) != 0 {
			t.Error("joined")
		}
	})
}

// Guesses at the account's password count against the account, as anywhere.
func TestA84_GuessesCount(t *testing.T) {
	j := join(t)
	j.AddUser(j.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "bob@corp.example"}})
	j.corp.SetUser(person("b-1", "bob@corp.example", true))
	b := j.browser(t)
	r := b.authorize("identity_provider", "CorporateID")
	for range 6 {
		b.submit(r, "password", "Gu3ss-Gu3ss")
	}
	if again := b.submit(r, "password", hubtest.Password); again.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the seventh try: %d", again.StatusCode)
	}
	if again := j.tryPassword(t, "bob", hubtest.Password); again.StatusCode != http.StatusTooManyRequests {
		t.Errorf("on the sign-in page: %d", again.StatusCode)
	}
}

// An address that changes hands at one provider joins nobody: the provider itself
// tells the two people apart.
func TestA83_AddressChangesHands(t *testing.T) {
	j := join(t, "corp.example")
	j.corp.SetUser(person("old", "desk@corp.example", true))
	old := j.in(t, j.browser(t).authorize("identity_provider", "CorporateID"))
	j.corp.SetUser(person("new", "desk@corp.example", true))
	r := j.browser(t).authorize("identity_provider", "CorporateID")
	if got := j.in(t, r); got == "" || got == old {
		t.Errorf("came in as %q", got)
	}
}

// Nor at one provider that the pool knows by two names.
func TestA83_AddressChangesHandsUnderTwoNames(t *testing.T) {
	j := join(t, "corp.example")
	again := j.Link(j.Pool, "Again", j.corp)
	again.OnMatch, again.TrustedDomains = hub.MatchAsk, []string{"corp.example"}
	j.corp.SetUser(person("old", "desk@corp.example", true))
	old := j.in(t, j.browser(t).authorize("identity_provider", "CorporateID"))
	j.corp.SetUser(person("new", "desk@corp.example", true))
	if got := j.in(t, j.browser(t).authorize("identity_provider", "Again")); got == "" || got == old {
		t.Errorf("came in as %q", got)
	}
	j.corp.SetUser(person("old", "desk@corp.example", true)) // there are two of that address by now, and neither is meant
	if got := j.in(t, j.browser(t).authorize("identity_provider", "CorporateID")); got != old {
		t.Errorf("the old one came in as %q", got)
	}
}

// The account may be somebody's whose password is still in the old system: that
// proves it, is on record as what it is, and says so when it cannot be asked.
func TestJoinByPasswordOfOldSystem(t *testing.T) {
	j := join(t)
	old := migrationtest.New(t, migrationtest.User{Username: "bob", Password: "old pass", Attributes: map[string]string{"email": "bob@corp.example", "email_verified": "true"}})
	j.Pool.Migration = old.Hook(j.Outbound, 5*time.Second)
	made, err := j.Directory.Import(t.Context(), j.Pool, []directory.Row{{Username: "bob", Attributes: mapping.Attributes{"email": "bob@corp.example"}}}, directory.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	j.corp.SetUser(person("b-1", "bob@corp.example", true))
	b := j.browser(t)
	r := b.authorize("identity_provider", "CorporateID")
	if wrong := b.submit(r, "password", "wrong"); wrong.StatusCode != http.StatusBadRequest || len(j.User(j.Pool, "bob").Links) != 0 {
		t.Fatalf("%d", wrong.StatusCode)
	}
	old.Fail(migrationtest.Fault{Status: 500, Body: "down"})
	b.submit(r, "password", "old pass")
	if failed := j.Events(hub.SignIn); len(failed) != 1 || failed[0].OK || failed[0].Reason != string(signin.MigrationFailed) {
		t.Errorf("down: %+v", failed)
	}
	old.Fail(migrationtest.Fault{})
	if got := j.in(t, b.submit(r, "password", "old pass")); got != made[0].Sub {
		t.Fatalf("came in as %q", got)
	}
	if u := j.User(j.Pool, "bob"); len(u.Links) != 1 || u.Password == "" || u.Status != hub.Confirmed {
		t.Errorf("%+v", u)
	}
	if events := j.Events(hub.UserMigrated); len(events) != 1 || events[0].Sub != made[0].Sub {
		t.Errorf("events %+v", events)
	}
}

// A disabled account is not come back to by an address, nor made anew where the
// rule says that it is the same person.
func TestA90_DisabledAccountByAddress(t *testing.T) {
	j := join(t, "corp.example")
	bob := j.AddUser(j.Pool, "bob", directory.NewUser{Password: hubtest.Password, Disabled: true, Attributes: mapping.Attributes{"email": "bob@corp.example", "email_verified": "true"}})
	j.corp.SetUser(person("b-1", "bob@corp.example", true))
	r := j.browser(t).authorize("identity_provider", "CorporateID")
	if r.StatusCode != http.StatusForbidden || j.trace(t, r.help(t)).Reason != "user_disabled" || len(j.Users(j.Pool)) != 2 {
		t.Errorf("%d, %d users", r.StatusCode, len(j.Users(j.Pool)))
	}
	if u := j.User(j.Pool, bob.Sub); !u.Disabled || len(u.Links) > 0 {
		t.Errorf("%+v", u)
	}
}

// A provider that is off joins nobody: not by the rule, not by a proof that began
// before (A70 at the link step).
func TestA70_ProviderOffAtTheLink(t *testing.T) {
	j := join(t)
	j.AddUser(j.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "bob@corp.example"}})
	j.corp.SetUser(person("b-1", "bob@corp.example", true))
	b := j.browser(t)
	r := b.authorize("identity_provider", "CorporateID")
	j.corporate.Enabled = false
	for _, fields := range [][]string{{"password", hubtest.Password}, {"choice", "apart"}, {"choice", "claim"}} {
		if again := b.submit(r, fields...); again.StatusCode != http.StatusForbidden {
			t.Errorf("%v: %d", fields, again.StatusCode)
		}
	}
	if len(j.User(j.Pool, "bob").Links) > 0 || len(j.Users(j.Pool)) != 2 {
		t.Error("joined, or made")
	}
}

// Many first sign-ins of one identity that the rule joins: one link, one user, all
// come in; and with two providers at once each has one.
func TestA92_ParallelJoins(t *testing.T) {
	j := join(t, "corp.example")
	social, _ := j.Pool.Provider("Social")
	social.TrustedDomains = []string{"corp.example"}
	for round := range 3 {
		name := fmt.Sprintf("bob%d", round)
		bob := j.AddUser(j.Pool, name, directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": name + "@corp.example", "email_verified": "true"}})
		j.corp.SetUser(person(name, name+"@corp.example", true))
		j.social.SetUser(person("g-"+name, name+"@corp.example", true))
		var all sync.WaitGroup
		for i := range 24 {
			all.Go(func() {
				provider := []string{"CorporateID", "Social"}[i%2]
				if got := j.in(t, j.browser(t).authorize("identity_provider", provider)); got != bob.Sub {
					t.Errorf("round %d by %s: %q", round, provider, got)
				}
			})
		}
		all.Wait()
		if l := j.User(j.Pool, name).Links; len(l) != 2 {
			t.Errorf("round %d: %d links", round, len(l))
		}
	}
	if n := len(j.Users(j.Pool)); n != 4 {
		t.Errorf("%d users", n)
	}
}

// The proof sent many times at once is taken once.
func TestA84_ParallelProofs(t *testing.T) {
	j := join(t)
	bob := j.AddUser(j.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "bob@corp.example"}})
	j.corp.SetUser(person("b-1", "bob@corp.example", true))
	b := j.browser(t)
	r := b.authorize("identity_provider", "CorporateID")
	var all sync.WaitGroup
	var mu sync.Mutex
	came := map[string]int{}
	for i := range 20 {
		all.Go(func() {
			fields := []string{"password", hubtest.Password}
			if i%2 == 1 {
				fields = []string{"choice", "apart"}
			}
			params, _ := b.submit(r, fields...).app()
			if code := params.Get("code"); code != "" {
				mu.Lock()
				came[code]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(came) != 1 {
		t.Errorf("%d codes", len(came))
	}
	users, links := len(j.Users(j.Pool)), len(j.User(j.Pool, bob.Sub).Links)
	if !(users == 2 && links == 1 || users == 3 && links == 0) {
		t.Errorf("%d users, %d links", users, links)
	}
}

// The mark of a provider that does not verify stays unproven when its identity is
// taken off again: else a stranger with a password would wait in the account for
// the owner of the address to be joined to it.
func TestA88_MarkLaunderedByUnlinking(t *testing.T) {
	j := join(t, "corp.example")
	eve := j.AddUser(j.Pool, "eve", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "eve@home.example"}})
	j.social.SetUser(person("eve", "victim@corp.example", true))
	b := j.browser(t)
	b.submit(b.get(accountPage), "username", "eve", "password", hubtest.Password)
	b.submit(b.change("choice", "add", "provider", "Social"), "choice", "continue")
	if got := j.in(t, j.browser(t).authorize("identity_provider", "Social")); got != eve.Sub {
		t.Fatalf("came in as %q", got)
	}
	u := j.User(j.Pool, "eve")
	if u.Attributes["email"] != "victim@corp.example" || u.Attributes["email_verified"] != "true" || len(u.Links) != 1 {
		t.Fatalf("the provider did not write its address: %+v", u)
	}
	b.change("choice", "remove", "link", u.Links[0].Key())
	if u = j.User(j.Pool, "eve"); len(u.Links) != 0 {
		t.Fatal("not removed")
	}
	j.corp.SetUser(person("victim", "victim@corp.example", true))
	if got := j.in(t, j.browser(t).authorize("identity_provider", "CorporateID")); got == eve.Sub {
		t.Errorf("the victim was joined to the stranger's account, silently")
	}
}
