package rehearse

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/web/admin"
	"github.com/isthmus-hub/isthmus/web/page"
)

// aged is by how much a session is too old.
const aged = time.Minute

// rehearse makes a world, signs the person in to every app, ends the session and
// looks at what became of it. The error is of this machine.
func (a act) rehearse(ctx context.Context, o Options) (e End, err error) {
	e = End{Pool: a.pool.Name, Kind: a.kind, By: a.by, Way: a.way, Title: a.kind.title(a.by), Began: time.Now()}
	defer func() {
		e.Took = time.Since(e.Began).Seconds()
		e.settle()
	}()
	w, err := open(ctx, a, o)
	if unlikely, ok := errors.AsType[*unlikelyError](err); ok {
		e.Problem = unlikely.Error()
		return e, nil
	}
	if err != nil {
		return e, fmt.Errorf("pool %s: %w", a.pool.Name, err)
	}
	defer func() { err = errors.Join(err, w.close()) }()
	held := map[string]*tokens{}
	for i, c := range a.clients {
		if held[c.ID], err = w.signIn(ctx, c, i == 0); err != nil {
			e.Problem = fmt.Sprintf("nobody can sign in to %s: %v", c.ID, err)
			return e, ctx.Err()
		}
	}
	session, err := w.session(ctx)
	if err != nil {
		e.Problem = err.Error()
		return e, ctx.Err()
	}
	if err := w.misbehave(o.Faults); err != nil {
		return e, err
	}
	j := &judge{world: w, session: session, held: held, began: time.Now(), within: o.Within}
	e.Began = j.began
	at, err := w.end(ctx, held)
	if err != nil {
		// Not the end of the rehearsal: who knows of it is still of interest.
		j.refused = true
		e.Checks = append(e.Checks, Check{"end", false, err.Error()})
	}
	if err := ctx.Err(); err != nil {
		return e, err
	}
	if at != nil {
		e.Checks = append(e.Checks, w.returned(at))
	}
	if e.Parties, err = j.watch(ctx); err != nil {
		return e, err
	}
	e.Checks = append(e.Checks, w.silent(ctx))
	return e, ctx.Err()
}

// end ends the session from the act's end. A stop is where the browser came to,
// if it was sent somewhere.
func (w *world) end(ctx context.Context, held map[string]*tokens) (*stop, error) {
	switch w.kind {
	case App, AppCognito:
		return w.signOut(ctx, held[w.by])
	case Provider:
		w.upstream.SetLogoutURIs(w.pool.BackchannelURL(w.by), "")
		sids := w.upstream.Sessions(subject)
		if len(sids) != 1 {
			return nil, fmt.Errorf("there are %d sessions at the provider", len(sids))
		}
		err := w.upstream.EndSession(ctx, sids[0])
		if told := w.upstream.Notices(); err != nil && len(told) == 1 && told[0].Status != 0 {
			err = fmt.Errorf("the hub answers the logout token with %d: %s", told[0].Status, described(told[0].Body))
		}
		return nil, err
	case ProviderFront:
		w.upstream.SetLogoutURIs("", w.pool.FrontchannelURL(w.by))
		at, err := w.browser.open(ctx, w.upstream.URL(idptest.EndSessionEndpoint), nil)
		if err == nil && at.page != nil {
			w.browser.frames(ctx, at)
		}
		return nil, err
	case Expired:
		w.mu.Lock()
		w.ahead = w.act.pool.Session.Lifetime + aged
		w.mu.Unlock()
		n, err := logout.Expire(ctx, w.pool)
		if err == nil && n != 1 {
			err = fmt.Errorf("%d sessions ended for their age", n)
		}
		return nil, err
	default:
		return nil, w.administer(ctx)
	}
}

// described is what an OAuth error says in words.
func described(body string) string {
	var said struct {
		Text string `json:"error_description"`
	}
	if json.Unmarshal([]byte(body), &said) != nil || said.Text == "" {
		return "no words"
	}
	return said.Text
}

// administer does what a verb of isthmus user does.
func (w *world) administer(ctx context.Context) (err error) {
	client := admin.Local(w.hub.Admin())
	defer client.Close()
	users, err := client.Users(ctx, w.pool.Name, "", 1)
	if err != nil {
		return err
	}
	for _, u := range users.Users {
		switch w.kind {
		case Administrator:
			_, err = client.SignOutUser(ctx, w.pool.Name, u.Sub)
		case Disabled:
			_, err = client.SetEnabled(ctx, w.pool.Name, u.Sub, false)
		case Deleted:
			_, err = client.DeleteUser(ctx, w.pool.Name, u.Sub)
		}
	}
	return err
}

// state comes back to the app with the browser.
const state = "rehearsal"

// signOut has an app send the browser to /logout, and answers the pages on the
// way as somebody who wants to be out.
func (w *world) signOut(ctx context.Context, t *tokens) (at *stop, err error) {
	c := w.asking()
	q := url.Values{"client_id": {c.ID}}
	switch {
	case w.kind == AppCognito:
		q.Set("logout_uri", c.LogoutURLs[0])
	case t.ID != "":
		q = url.Values{"id_token_hint": {t.ID}}
	}
	if w.kind == App && len(c.LogoutURLs) > 0 {
		q.Set("post_logout_redirect_uri", c.LogoutURLs[0])
		q.Set("state", state)
	}
	at, err = w.browser.open(ctx, w.pool.URL("/logout?")+q.Encode(), c.LogoutURLs)
	for pages := 0; err == nil && !at.app && pages < maxHops; pages++ {
		next := at.page.Find("meta[http-equiv=refresh]").AttrOr("content", "")
		switch frames := at.page.Find("iframe").Length() > 0; {
		case at.status != http.StatusOK:
			return at, nil
		case at.page.Find("button[name="+page.FieldChoice+"]").Length() > 0:
			at, err = w.browser.submit(ctx, at, url.Values{page.FieldChoice: {page.ChoiceContinue}}, c.LogoutURLs)
		case frames && next != "":
			w.browser.frames(ctx, at)
			at, err = w.follow(ctx, at, at.page.Find("a.button"), c)
		default:
			return at, nil
		}
	}
	return at, err
}

// follow clicks a link.
func (w *world) follow(ctx context.Context, at *stop, link *goquery.Selection, c *config.Client) (*stop, error) {
	to, err := at.at.Parse(link.AttrOr("href", ""))
	if err != nil {
		return nil, err
	}
	return w.browser.open(ctx, to.String(), c.LogoutURLs)
}

// returned judges where the browser came to: the address that the app asked for,
// by itself, or by a link where the pool lets the person see who was told.
func (w *world) returned(at *stop) Check {
	c := w.asking()
	check := Check{Name: "returned", Detail: "the browser ends at " + at.where()}
	switch {
	case len(c.LogoutURLs) == 0:
		check.OK = !at.app && at.status == http.StatusOK && at.at.Host == w.roads.host
	case at.app:
		check.OK = leadsTo(at.at, c.LogoutURLs[0]) && (w.kind == AppCognito || at.at.Query().Get("state") == state)
	case w.pool.Logout.Show && at.status == http.StatusOK:
		at.page.Find("a[href]").Each(func(_ int, a *goquery.Selection) {
			to, err := at.at.Parse(a.AttrOr("href", ""))
			check.OK = check.OK || err == nil && leadsTo(to, c.LogoutURLs[0])
		})
	}
	if !check.OK && len(c.LogoutURLs) > 0 {
		check.Detail += ", not at " + c.LogoutURLs[0]
	}
	return check
}

// silent asks for a sign-in without a page: nobody must be signed in.
func (w *world) silent(ctx context.Context) Check {
	address, app := w.authorization(w.clients[0], rand.Text()+rand.Text(), url.Values{"prompt": {"none"}})
	at, err := w.browser.open(ctx, address, app)
	if err != nil {
		return Check{"prompt=none", false, err.Error()}
	}
	code := at.at.Query().Get("error")
	switch {
	case at.app && code == "login_required":
		return Check{"prompt=none", true, code}
	case at.app && at.at.Query().Get("code") != "":
		return Check{"prompt=none", false, "signs the person in again: the session at the hub goes on"}
	case at.app && code != "":
		return Check{"prompt=none", false, "gives " + code + ", not login_required"}
	}
	return Check{"prompt=none", false, "the browser ends at " + at.where()}
}

// asking is the client whose doing the end is, as the file has it.
func (w *world) asking() *config.Client {
	return w.clients[slices.IndexFunc(w.clients, func(c *config.Client) bool { return c.ID == w.by })]
}
