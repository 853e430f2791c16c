package app

import (
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// rig is the app with a provider that does as it is told.
type rig struct {
	t   *testing.T
	op  *idptest.Provider
	url string
	app *App
}

func newRig(t *testing.T, cfg idptest.Config) *rig {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, op: idptest.New(t, cfg), url: "http://" + listener.Addr().String()}
	a, err := New(t.Context(), Config{
		Sample: Expenses, URL: r.url, Issuer: r.op.Issuer(), ClientID: r.op.ClientID(), ClientSecret: r.op.ClientSecret(),
		RedirectURI: r.url + CallbackPath, Scopes: []string{"openid"}, Scope: "expenses/read",
		Provider: "CorporateID", LoginHint: "alice@upstream.example", Moody: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.app = a
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: a}}
	server.Start()
	t.Cleanup(server.Close)
	r.op.SetLogoutURIs(r.url+BackchannelPath, "")
	return r
}

// browser keeps cookies and follows nothing by itself.
type browser struct {
	*rig
	*http.Client
}

func (r *rig) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return &browser{r, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// page is an answer of the app.
type page struct {
	*http.Response
	doc *goquery.Document
}

func (p *page) text() string { return p.doc.Text() }

func (b *browser) send(method, path string) *page {
	b.t.Helper()
	return b.post(method, path, "")
}

// post sends a form.
func (b *browser) post(method, path, form string) *page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(form))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	doc, err := goquery.NewDocumentFromReader(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return &page{res, doc}
}

// begin starts a sign-in and returns what the provider answers.
func (b *browser) begin() url.Values {
	b.t.Helper()
	params, err := b.op.Approve(b.send("GET", "/signin").Header.Get("Location"))
	if err != nil {
		b.t.Fatal(err)
	}
	return params
}

// finish delivers the provider's answer.
func (b *browser) finish(params url.Values) *page {
	b.t.Helper()
	return b.send("GET", CallbackPath+"?"+params.Encode())
}

func (b *browser) signIn() {
	b.t.Helper()
	if p := b.finish(b.begin()); p.StatusCode != http.StatusFound {
		b.t.Fatalf("sign-in: %s\n%s", p.Status, p.text())
	}
}

// signedIn tells whether the app knows the browser.
func (b *browser) signedIn() bool {
	b.t.Helper()
	return b.send("GET", "/").doc.Find("form[action='/signout']").Length() == 1
}
