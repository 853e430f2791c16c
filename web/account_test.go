package web_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/mapping"
)

const accountPage = hubtest.Issuer + "/account/links"

// account opens the page of ways in, and signs the local user in for it if need be.
func (b *browser) account() *response {
	b.t.Helper()
	r := b.get(accountPage)
	if r.doc(b.t).Find("input[name=username]").Length() > 0 {
		r = b.submit(r, "username", hubtest.Username, "password", hubtest.Password)
	}
	if r.StatusCode != http.StatusOK || r.doc(b.t).Find("ul.entries").Length() != 1 {
		b.t.Fatalf("no page of ways in: %d %s\n%s", r.StatusCode, r.url, r.body)
	}
	return r
}

// change posts the page of ways in.
func (b *browser) change(fields ...string) *response {
	form := map[string][]string{}
	for i := 0; i+1 < len(fields); i += 2 {
		form[fields[i]] = []string{fields[i+1]}
	}
	return b.post(accountPage, form)
}

// A person adds a way in, uses it, sees why it is there, and takes it away again;
// then the identity has a user of its own (Cognito).
func TestPersonLinksAndUnlinks(t *testing.T) {
	j := join(t)
	ana := j.User(j.Pool, hubtest.Username)
	j.corp.SetUser(person("a-1", "ana.berg@corp.example", true))
	b := j.browser(t)
	b.account()
	r := b.change("choice", "add", "provider", "CorporateID")
	if text := r.doc(t).Find("main").Text(); !strings.Contains(text, "Ana Berg") || !strings.Contains(text, "ana.berg@corp.example") {
		t.Fatalf("both names: %s", r.body)
	}
	if len(j.User(j.Pool, ana.Sub).Links) > 0 {
		t.Fatal("added before she said yes")
	}
	r = b.submit(r, "choice", "continue")
	if r.StatusCode != http.StatusOK || !strings.Contains(r.doc(t).Find("ul.entries").Text(), "Added by you") {
		t.Fatalf("%d\n%s", r.StatusCode, r.body)
	}
	through := j.browser(t)
	if got := j.in(t, through.authorize("identity_provider", "CorporateID")); got != ana.Sub {
		t.Fatalf("came in as %q", got)
	}
	key := j.User(j.Pool, ana.Sub).Links[0].Key()
	if e := j.User(j.Pool, ana.Sub).Links[0].Evidence; e.By != "person" || e.Claims["email"] != "a***@corp.example" {
		t.Errorf("evidence %+v", e)
	}
	if r = b.change("choice", "remove", "link", key); r.StatusCode != http.StatusOK || len(j.User(j.Pool, ana.Sub).Links) > 0 {
		t.Fatalf("%d\n%s", r.StatusCode, r.body)
	}
	if params, _ := through.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Errorf("the session that began with it: %v", params)
	}
	if params, _ := b.authorize("prompt", "none").app(); params.Get("code") == "" {
		t.Errorf("the session that did not: %v", params)
	}
	again := j.browser(t)
	if r = again.authorize("identity_provider", "CorporateID"); !r.asked(t) { // the provider's address stayed with ana
		t.Fatalf("%d\n%s", r.StatusCode, r.body)
	}
	if got := j.in(t, again.submit(r, "choice", "apart")); got == "" || got == ana.Sub {
		t.Errorf("the identity came in as %q", got)
	}
	if linked, unlinked := j.Events(hub.UserLinked), j.Events(hub.UserUnlinked); len(linked) != 1 || len(unlinked) != 1 || linked[0].Reason != "person" || !unlinked[0].OK {
		t.Errorf("events %+v %+v", linked, unlinked)
	}
}

// Ways in are changed by who has just authenticated, by POST from our own page, in
// the session and the browser that began it, and with a yes to both names.
func TestA85_LuredIntoLinking(t *testing.T) {
	setup := func(t *testing.T) (*joining, *browser, *response) {
		j := join(t)
		j.corp.SetUser(person("attacker", "attacker@corp.example", true))
		b := j.browser(t)
		b.account()
		return j, b, b.change("choice", "add", "provider", "CorporateID")
	}
	unlinked := func(t *testing.T, j *joining) {
		t.Helper()
		if l := j.User(j.Pool, hubtest.Username).Links; len(l) > 0 {
			t.Errorf("linked: %+v", l)
		}
	}
	t.Run("no", func(t *testing.T) {
		j, b, r := setup(t)
		if left := b.submit(r, "choice", "other"); left.StatusCode != http.StatusOK {
			t.Errorf("%d", left.StatusCode)
		}
		unlinked(t, j)
		if again := b.submit(r, "choice", "continue"); again.StatusCode != http.StatusBadRequest {
			t.Errorf("yes after no: %d", again.StatusCode)
		}
		unlinked(t, j)
	})
	t.Run("by GET", func(t *testing.T) {
		j, b, r := setup(t)
		tx := r.doc(t).Find("input[name=tx]").AttrOr("value", "")
		b.get(accountPage + "?choice=continue&tx=" + tx)
		unlinked(t, j)
	})
	t.Run("from another site", func(t *testing.T) {
		j, b, r := setup(t)
		tx := r.doc(t).Find("input[name=tx]").AttrOr("value", "")
		for _, site := range []string{"cross-site", "same-site"} {
			req, _ := http.NewRequestWithContext(t.Context(), "POST", accountPage, strings.NewReader("choice=continue&tx="+tx))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Sec-Fetch-Site", site)
			req.Header.Set("Origin", "https://evil.example")
			res, err := b.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %d", site, res.StatusCode)
			}
		}
		unlinked(t, j)
	})
	t.Run("another browser, signed in as somebody else", func(t *testing.T) {
		j, _, r := setup(t)
		j.AddUser(j.Pool, "mallory", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "m@home.example"}})
		other := j.browser(t)
		other.submit(other.get(accountPage), "username", "mallory", "password", hubtest.Password)
		if again := other.submit(r, "choice", "continue"); again.StatusCode != http.StatusBadRequest {
			t.Errorf("%d", again.StatusCode)
		}
		unlinked(t, j)
	})
	t.Run("another person took over the browser meanwhile", func(t *testing.T) {
		j, b, r := setup(t)
		j.AddUser(j.Pool, "mallory", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "m@home.example"}})
		b.submit(b.authorize("prompt", "login"), "username", "mallory", "password", hubtest.Password)
		if again := b.submit(r, "choice", "continue"); again.StatusCode != http.StatusBadRequest {
			t.Errorf("%d", again.StatusCode)
		}
		if l := j.User(j.Pool, "mallory").Links; len(l) > 0 {
			t.Error("linked to who came after")
		}
		unlinked(t, j)
	})
	t.Run("stale", func(t *testing.T) {
		j := join(t)
		j.corp.SetUser(person("a-1", "ana.berg@corp.example", true))
		b := j.browser(t)
		b.account()
		j.Advance(5*time.Minute + time.Second)
		for _, r := range []*response{b.get(accountPage), b.change("choice", "add", "provider", "CorporateID"), b.change("choice", "remove", "link", "x")} {
			if r.doc(t).Find("input[name=username]").Length() != 1 {
				t.Errorf("not asked to sign in again: %d\n%s", r.StatusCode, r.body)
			}
		}
		unlinked(t, j)
	})
	t.Run("an old session at the provider", func(t *testing.T) {
		j := join(t)
		old := person("a-1", "ana.berg@corp.example", true)
		old.AuthTime = j.Now().Add(-time.Hour)
		j.corp.SetUser(old)
		b := j.browser(t)
		b.account()
		if r := b.change("choice", "add", "provider", "CorporateID"); r.StatusCode != http.StatusBadGateway {
			t.Errorf("%d", r.StatusCode)
		}
		unlinked(t, j)
	})
	t.Run("too late", func(t *testing.T) {
		j, b, r := setup(t)
		j.Advance(10*time.Minute + time.Second)
		if again := b.submit(r, "choice", "continue"); again.StatusCode != http.StatusBadRequest {
			t.Errorf("%d", again.StatusCode)
		}
		unlinked(t, j)
	})
	t.Run("nobody signed in", func(t *testing.T) {
		j, _, r := setup(t)
		b := j.browser(t)
		if again := b.submit(r, "choice", "continue"); again.StatusCode != http.StatusBadRequest {
			t.Errorf("%d", again.StatusCode)
		}
		unlinked(t, j)
	})
}

// The last way in stays, the identity that an account is named after stays, what
// another has is refused, and unlinking ends the sessions begun through it.
func TestA89_LastWayIn(t *testing.T) {
	j := join(t)
	j.corp.SetUser(person("c-1", "carol@corp.example", false))
	b := j.browser(t)
	carol := j.in(t, b.authorize("identity_provider", "CorporateID"))
	first := j.User(j.Pool, carol).Links[0].Key()
	page := b.get(accountPage)
	if page.doc(t).Find("ul.entries").Length() != 1 || page.doc(t).Find("button[value=remove]").Length() != 0 {
		t.Fatalf("the only way has a button to remove it:\n%s", page.body)
	}
	if r := b.change("choice", "remove", "link", first); r.StatusCode != http.StatusConflict || len(j.User(j.Pool, carol).Links) != 1 {
		t.Errorf("the last way: %d", r.StatusCode)
	}
	if _, err := directory.Unlink(t.Context(), j.Pool, carol, first, hub.End{}); err != directory.ErrLastWay {
		t.Errorf("the last way, by an administrator: %v", err)
	}

	// A second one; then the first could go, but for the name.
	j.social.SetUser(person("g-1", "carol@home.example", false))
	if r := b.submit(b.change("choice", "add", "provider", "Social"), "choice", "continue"); r.StatusCode != http.StatusOK {
		t.Fatalf("%d\n%s", r.StatusCode, r.body)
	}
	if r := b.change("choice", "remove", "link", first); r.StatusCode != http.StatusConflict {
		t.Errorf("the one that the account is named after: %d", r.StatusCode)
	}
	second := j.User(j.Pool, carol).Links[1].Key()
	j.corporate.Enabled = false
	if _, err := directory.Unlink(t.Context(), j.Pool, carol, second, hub.End{}); err != directory.ErrLastWay {
		t.Errorf("the other way is off: %v", err)
	}
	j.corporate.Enabled = true

	// What carol has, ana cannot have.
	other := j.browser(t)
	other.account()
	if r := other.change("choice", "add", "provider", "Social"); r.StatusCode != http.StatusConflict || j.trace(t, r.help(t)).Reason != "link_taken" {
		t.Errorf("another's: %d", r.StatusCode)
	}
	if r := b.change("choice", "add", "provider", "Social"); r.StatusCode != http.StatusConflict || !strings.Contains(r.body, "already") {
		t.Errorf("her own: %d", r.StatusCode)
	}

	through := j.browser(t)
	params, _ := through.authorize("identity_provider", "Social").app()
	tokens := j.token(t, redeem(params.Get("code")))
	if r := b.change("choice", "remove", "link", second); r.StatusCode != http.StatusOK {
		t.Fatalf("%d", r.StatusCode)
	}
	if got := j.token(t, refresh(tokens.Fresh)); got.Error != "invalid_grant" {
		t.Errorf("refresh token of the session: %+v", got)
	}
	if params, _ := through.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Errorf("the session: %v", params)
	}
	if r := b.change("choice", "remove", "link", second); r.StatusCode != http.StatusConflict {
		t.Errorf("once more: %d", r.StatusCode)
	}
}

// Two people who add one identity at once: one has it.
func TestA89_ParallelLinks(t *testing.T) {
	j := join(t)
	j.corp.SetUser(person("shared", "x@corp.example", true))
	names := []string{hubtest.Username, "bob", "carol", "dave"}
	pages := make([]*response, len(names))
	browsers := make([]*browser, len(names))
	for i, name := range names {
		if i > 0 {
			j.AddUser(j.Pool, name, directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": name + "@home.example"}})
		}
		browsers[i] = j.browser(t)
		browsers[i].submit(browsers[i].get(accountPage), "username", name, "password", hubtest.Password)
		pages[i] = browsers[i].change("choice", "add", "provider", "CorporateID")
	}
	var all sync.WaitGroup
	statuses := make([]int, 3*len(names))
	for i := range statuses {
		all.Go(func() {
			n := i % len(names)
			statuses[i] = browsers[n].submit(pages[n], "choice", "continue").StatusCode
		})
	}
	all.Wait()
	added, holders := 0, 0
	for _, status := range statuses {
		if status == http.StatusOK {
			added++
		}
	}
	for _, u := range j.Users(j.Pool) {
		holders += len(u.Links)
	}
	if added != 1 || holders != 1 {
		t.Errorf("%d were told yes, %d have it: %v", added, holders, statuses)
	}
}

// Nobody becomes a user by the page, and signing in for it changes no attribute.
func TestAccountPageMakesNobody(t *testing.T) {
	j := join(t)
	j.corp.SetUser(person("new", "new@corp.example", true))
	if r := j.browser(t).get(accountPage + "?identity_provider=CorporateID"); r.StatusCode != http.StatusForbidden || len(j.Users(j.Pool)) != 1 {
		t.Errorf("%d, %d users", r.StatusCode, len(j.Users(j.Pool)))
	}
	known := j.in(t, j.browser(t).authorize("identity_provider", "CorporateID"))
	j.corp.SetUser(person("new", "changed@corp.example", true))
	if r := j.browser(t).get(accountPage + "?identity_provider=CorporateID"); r.doc(t).Find("ul.entries").Length() != 1 {
		t.Errorf("%d\n%s", r.StatusCode, r.body)
	}
	if u := j.User(j.Pool, known); u.Attributes["email"] != "new@corp.example" {
		t.Errorf("changed: %v", u.Attributes)
	}
	// With the address of an account she may prove it, and nothing else.
	j.AddUser(j.Pool, "bob", directory.NewUser{Password: hubtest.Password, Attributes: mapping.Attributes{"email": "bob@corp.example"}})
	j.corp.SetUser(person("b-1", "bob@corp.example", true))
	b := j.browser(t)
	r := b.get(accountPage + "?identity_provider=CorporateID")
	if !r.asked(t) || r.doc(t).Find("button[value=apart]").Length() != 0 {
		t.Fatalf("%d\n%s", r.StatusCode, r.body)
	}
	if again := b.submit(r, "choice", "apart"); again.StatusCode != http.StatusForbidden || len(j.Users(j.Pool)) != 3 {
		t.Errorf("apart: %d", again.StatusCode)
	}
	b = j.browser(t)
	if r = b.submit(b.get(accountPage+"?identity_provider=CorporateID"), "password", hubtest.Password); r.doc(t).Find("ul.entries").Length() != 1 {
		t.Errorf("%d\n%s", r.StatusCode, r.body)
	}
}

// The page is not for who is signed out or disabled, and a session of the page
// brings no app anything.
func TestAccountPageNeedsPerson(t *testing.T) {
	j := join(t)
	b := j.browser(t)
	b.account()
	if _, err := directory.SetDisabled(t.Context(), j.Pool, hubtest.Username, true, hub.End{}); err != nil {
		t.Fatal(err)
	}
	if r := b.get(accountPage); r.doc(t).Find("ul.entries").Length() != 0 {
		t.Error("shown to a disabled person")
	}
	if params, _ := b.authorize("prompt", "none").app(); params.Get("error") != "login_required" {
		t.Errorf("%v", params)
	}
}
