package admin_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// Of the sessions that these tests end: the provider they began through, and its
// ID token.
const (
	upstreamName  = "Corporate"
	upstreamToken = "a-header.the-claims-of-somebody.a-signature"
)

// signedOut makes a session of a user with these clients and ends it. It began
// through the provider upstreamName, which is linked to the pool.
func (r *rig) signedOut(t *testing.T, p *hub.Pool, user string, e hub.End, clients ...string) string {
	t.Helper()
	pr, ok := p.Provider(upstreamName)
	if !ok {
		pr = r.Link(p, upstreamName, idptest.New(t, idptest.Config{}))
	}
	id, _, secret := hub.NewSessionID(p.Now())
	hint := p.SealHint(pr, upstreamToken)
	err := p.Space.Update(t.Context(), func(tx *store.Tx) error {
		u, err := directory.Find(tx, user)
		if err != nil {
			return err
		}
		s := &hub.Session{ID: id, Secret: secret, Entry: hub.Entry{Sub: u.Sub, Provider: upstreamName}, Hint: hint, Expires: tx.Now.Add(time.Hour), Kept: tx.Now.Add(time.Hour)}
		for _, c := range clients {
			s.Join(p, c, tx.Now.Add(time.Hour))
		}
		if err := hub.Sessions.Create(tx, s); err != nil {
			return err
		}
		_, err = hub.EndSession(tx, p, s, e)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p.TellEnded()
	return id
}

// kept is the record of one logout as the store has it.
func (r *rig) kept(t *testing.T, p *hub.Pool, id string) *hub.Logout {
	t.Helper()
	l, err := logout.Get(t.Context(), p, id)
	if err != nil || l == nil {
		t.Fatal(l, err)
	}
	return l
}

// listener is an app that answers logout tokens with a status.
func listener(t *testing.T, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestLogoutTellsOfEachParty(t *testing.T) {
	r := newRig(t)
	add := func(id, uri string) {
		c := *r.Pool.Clients[hubtest.ClientID]
		c.ID, c.Name, c.BackchannelLogoutURI = id, strings.ToUpper(id), uri
		r.Pool.Clients[id] = &c
	}
	add("expenses", listener(t, 200, ""))
	add("payroll", listener(t, 400, `{"error":"invalid_request","error_description":"no such session"}`))
	add("reports", listener(t, 503, ""))
	add("silent", "")
	add("inside", "https://10.0.0.7/out")
	id := r.signedOut(t, r.Pool, hubtest.Username, hub.End{Cause: hub.ByApp, By: "expenses"}, "expenses", "payroll", "reports", "silent", "inside", "gone")

	var l admin.Logout
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var err error
		if l, err = r.client.Logout(t.Context(), "master", id); err != nil {
			t.Fatal(err)
		}
		tried := func(h admin.Hop) bool { return len(h.Attempts) == 0 || h.Attempts[len(h.Attempts)-1].TookMS > 0 }
		if !slices.ContainsFunc(l.Hops, func(h admin.Hop) bool { return h.Outcome == "pending" && len(h.Attempts) == 0 || !tried(h) }) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%+v", l)
		}
	}
	u := r.User(r.Pool, hubtest.Username)
	if l.ID != id || l.Pool != "master" || !l.Open || !l.Closed.IsZero() || l.Cause != "app" || l.By != "expenses" || l.Sub != u.Sub || l.Username != u.Username ||
		l.Provider != upstreamName || !l.Begun.Equal(r.Now()) || !l.Deadline.Equal(r.Now().Add(24*time.Hour)) {
		t.Errorf("%+v", l)
	}
	for i, want := range []struct {
		id, name, outcome string
		status            int
		said              string // in the note, or the error of the last attempt
		next              time.Duration
	}{
		{upstreamName, upstreamName, "not_supported", 0, "from the person's browser only", 0},
		{"expenses", "EXPENSES", "delivered", 200, "", 0},
		{"payroll", "PAYROLL", "refused", 400, "invalid_request: no such session", 0},
		{"reports", "REPORTS", "pending", 503, "answered 503", time.Second},
		{"silent", "SILENT", "not_supported", 0, "registered neither", 0},
		{"inside", "INSIDE", "pending", 0, "outbound request to 10.0.0.7:443 refused: private address", time.Second},
		{"gone", "", "not_supported", 0, "no longer registered", 0},
	} {
		h := l.Hops[i]
		got := admin.Attempt{Error: h.Note}
		if n := len(h.Attempts); n > 0 {
			got = h.Attempts[n-1]
		}
		next := time.Duration(0)
		if !h.Next.IsZero() {
			next = h.Next.Sub(l.Begun)
		}
		if h.Party.ID != want.id || h.Party.Name != want.name || h.Outcome != want.outcome || got.Status != want.status || !strings.Contains(got.Error, want.said) ||
			next != want.next || h.Done.IsZero() == (h.Outcome != "pending") {
			t.Errorf("%s: %+v", want.id, h)
		}
	}
	if h := l.Hops[2]; h.Party.Kind != admin.ClientParty || h.Channel != "back-channel" || h.Party.Address != r.Pool.Clients["payroll"].BackchannelLogoutURI {
		t.Errorf("%+v", h)
	}
	sealed, ok := strings.CutPrefix(l.Page, hubtest.Issuer+"/logout/record?see=")
	pass, err := logout.OpenPass(r.Pool, sealed)
	if !ok || err != nil || pass.Logout != id || !pass.Details || !pass.Until.Equal(r.Now().Add(time.Hour)) {
		t.Errorf("page %s: %+v, %v", l.Page, pass, err)
	}
	if _, err := logout.OpenPass(r.other, sealed); err == nil {
		t.Error("the page is another pool's as well")
	}
	r.Advance(logout.PassLife + time.Second)
	if _, err := logout.OpenPass(r.Pool, sealed); err == nil {
		t.Error("the page is there after an hour")
	}
}

func TestLogoutsAreListedNewestFirst(t *testing.T) {
	r := newRig(t)
	down := *r.Pool.Clients[hubtest.ClientID]
	down.ID, down.BackchannelLogoutURI = "down", listener(t, 503, "")
	r.Pool.Clients["down"] = &down
	r.AddUser(r.Pool, "bea", directory.NewUser{Password: hubtest.Password})
	var all, anas, open []string
	for i := range 9 {
		user, client := hubtest.Username, hubtest.PublicID
		if i%3 == 0 {
			user = "bea"
		}
		if i%2 == 0 {
			client = "down"
		}
		id := r.signedOut(t, r.Pool, user, hub.End{Cause: hub.ByPerson}, client)
		all = slices.Insert(all, 0, id)
		if user != "bea" {
			anas = slices.Insert(anas, 0, id)
		}
		if client == "down" {
			open = slices.Insert(open, 0, id)
		}
		if i != 4 { // two at one time
			r.Advance(time.Millisecond)
		}
	}
	both := slices.DeleteFunc(slices.Clone(anas), func(id string) bool { return !slices.Contains(open, id) })
	ana := r.User(r.Pool, hubtest.Username)
	for _, test := range []struct {
		name   string
		filter admin.LogoutFilter
		want   []string
	}{
		{"all", admin.LogoutFilter{}, all},
		{"by name", admin.LogoutFilter{User: "ANA"}, anas},
		{"by sub", admin.LogoutFilter{User: ana.Sub}, anas},
		{"by client", admin.LogoutFilter{Client: "down"}, open},
		{"open", admin.LogoutFilter{Open: true}, open},
		{"one's open", admin.LogoutFilter{User: "ana", Open: true}, both},
		{"one's by client", admin.LogoutFilter{User: "ana", Client: "down"}, both},
		{"nobody's", admin.LogoutFilter{Client: "nobody"}, nil},
	} {
		for _, limit := range []int{1, 2, 100} {
			var got []string
			for after := ""; ; {
				page, err := r.client.Logouts(t.Context(), "master", test.filter, after, limit)
				if err != nil || page.Logouts == nil || len(page.Logouts) > limit || len(got) > len(all) {
					t.Fatalf("%s by %d: %+v, %v", test.name, limit, page, err)
				}
				for _, l := range page.Logouts {
					got = append(got, l.ID)
					if l.Page != "" {
						t.Errorf("the list has the address of a page: %s", l.Page)
					}
				}
				if after = page.Next; after == "" {
					break
				}
			}
			// Of two at one time either may be first.
			sameTime := func(list []string) []string {
				list = slices.Clone(list)
				i, j := slices.Index(list, all[3]), slices.Index(list, all[4])
				if i >= 0 && j == i-1 {
					list[i], list[j] = list[j], list[i]
				}
				return list
			}
			if !slices.Equal(sameTime(got), test.want) {
				t.Errorf("%s by %d:\n%q, want\n%q", test.name, limit, got, test.want)
			}
		}
	}
	if _, err := directory.Delete(t.Context(), r.Pool, "ana", hub.End{}); err != nil {
		t.Fatal(err)
	}
	page, err := r.client.Logouts(t.Context(), "master", admin.LogoutFilter{User: ana.Sub}, "", 0)
	if err != nil || len(page.Logouts) != len(anas) || page.Logouts[0].Username != "" || page.Logouts[0].Sub != ana.Sub {
		t.Errorf("of somebody who is gone: %+v, %v", page, err)
	}
	if _, err := r.client.Logouts(t.Context(), "master", admin.LogoutFilter{User: "nobody"}, "", 0); code(err) != "no_such_user" {
		t.Errorf("of nobody: %v", err)
	}
	r.Advance(hub.LogoutLife)
	if page, err := r.client.Logouts(t.Context(), "master", admin.LogoutFilter{}, "", 0); err != nil || len(page.Logouts) != 0 {
		t.Errorf("after 30 days: %+v, %v", page, err)
	}
}

func TestLogoutByPartOfItsID(t *testing.T) {
	r := newRig(t)
	first := r.signedOut(t, r.Pool, hubtest.Username, hub.End{Cause: hub.ByPerson})
	second := r.signedOut(t, r.Pool, hubtest.Username, hub.End{Cause: hub.ByPerson})
	for _, test := range []struct{ part, want, code string }{
		{first, first, ""},
		{first[16:], first, ""},
		{second[16:], second, ""},
		{second[9:17], second, ""},
		{first[:8], "", "ambiguous"}, // the time is the same
		{first[17:], "", "invalid"},
		{"000000", "", "no_such_logout"},
		{strings.Repeat("A", 22), "", "no_such_logout"},
	} {
		l, err := r.client.Logout(t.Context(), "master", test.part)
		if l.ID != test.want || code(err) != test.code {
			t.Errorf("%s: %s, %v", test.part, l.ID, err)
		}
	}
}

// Whoever watches asks several times a second, and the log has none of it.
func TestWatchingIsQuiet(t *testing.T) {
	r := newRig(t)
	var log bytes.Buffer
	client := admin.Local(admin.New(admin.Options{
		Pools: func() []*hub.Pool { return []*hub.Pool{r.Pool} }, Directory: r.Directory, SignIn: r.SignIn,
		Audit: r.record, Log: slog.New(slog.NewTextHandler(&log, nil)),
	}))
	if _, err := client.Logouts(t.Context(), "master", admin.LogoutFilter{Watch: true}, "", 0); err != nil || log.Len() > 0 {
		t.Errorf("watched: %v, log %s", err, log.String())
	}
	if _, err := client.Logouts(t.Context(), "master", admin.LogoutFilter{Watch: true, User: "nobody"}, "", 0); err == nil || log.Len() == 0 {
		t.Errorf("watched, and wrong: %v, log %s", err, log.String())
	}
	log.Reset()
	if _, err := client.Logouts(t.Context(), "master", admin.LogoutFilter{}, "", 0); err != nil || log.Len() == 0 {
		t.Errorf("listed: %v, log %s", err, log.String())
	}
}

// A record of a logout, however much is said by those who were told, holds no
// token, nothing of the provider's, and nobody else.
func TestA171_LogoutsAreMasked(t *testing.T) {
	r := newRig(t)
	r.AddUser(r.Pool, "bea", directory.NewUser{Password: hubtest.Password})
	app := *r.Pool.Clients[hubtest.ClientID]
	heard := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		heard <- q.PostFormValue("logout_token")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, `{"error":"\u001b[31mfault","error_description":"%s"}`, strings.Repeat("y", 5000))
	}))
	t.Cleanup(server.Close)
	app.ID, app.BackchannelLogoutURI = "talks", server.URL
	r.Pool.Clients["talks"] = &app
	id := r.signedOut(t, r.Pool, hubtest.Username, hub.End{Cause: hub.ByPerson, Browser: true}, "talks")
	r.signedOut(t, r.Pool, "bea", hub.End{Cause: hub.ByPerson})
	token := <-heard
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		status, _, text := r.send(t, "GET", "/pools/master/logouts/"+id, "")
		if status != http.StatusOK || time.Now().After(end) {
			t.Fatal(status, text)
		}
		if !strings.Contains(text, `"status":500`) {
			continue
		}
		bea := r.User(r.Pool, "bea")
		for _, s := range []string{token, upstreamToken, "hint", "email", "corp.example", "bea", bea.Sub, strings.Repeat("y", 300), "\\u001b", hub.SID(id, "talks")} {
			if strings.Contains(text, s) {
				t.Errorf("the record holds %q: %s", s, text)
			}
		}
		if !strings.Contains(text, `"error":"[31mfault: yyy`) {
			t.Errorf("what the app said is not there: %s", text)
		}
		return
	}
}
