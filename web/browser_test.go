package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/web"
)

// site is a hub served over HTTP, with everything it logged.
type site struct {
	*hubtest.Hub
	server *web.Server
	log    strings.Builder
}

// serve mounts the pools of a hub.
func serve(t *testing.T, h *hubtest.Hub, pools ...*hub.Pool) *site {
	t.Helper()
	s := &site{Hub: h}
	log := slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	server, err := web.New(web.Options{SignIn: h.SignIn, Logout: h.Logout, Log: log, Registry: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	if len(pools) == 0 {
		pools = []*hub.Pool{h.Pool}
	}
	if err := server.Mount(pools); err != nil {
		t.Fatal(err)
	}
	s.server = server
	return s
}

// browser is a person's browser: it keeps cookies, follows redirects between
// the hub and scripted providers, and stops where an app would take over.
type browser struct {
	t       *testing.T
	site    *site
	client  *http.Client
	header  http.Header // sent with every request
	address string      // where its requests come from
}

func (s *site) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, site: s, header: http.Header{}, address: "192.0.2.7:4711"}
	b.client = &http.Client{
		Jar: jar, Transport: transport{hub: s.server, address: &b.address},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return b
}

// transport serves hosts that end in .test from the hub and reaches all others.
type transport struct {
	hub     http.Handler
	address *string
}

func (tr transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Hostname(), ".test") {
		return http.DefaultTransport.RoundTrip(r)
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), "192.0.2.8:4711", r.URL.Host
	if tr.address != nil {
		in.RemoteAddr = *tr.address
	}
	if r.Host != "" {
		in.Host = r.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	tr.hub.ServeHTTP(w, in)
	res := w.Result()
	res.Request = r
	return res, nil
}

// response is what a browser came to in the end.
type response struct {
	*http.Response
	url  *url.URL // of the page, or where an app would have been called
	body string
}

// app tells whether the browser was sent to the app, and with what.
func (r *response) app() (url.Values, bool) {
	return r.url.Query(), strings.HasPrefix(r.url.String(), hubtest.Callback)
}

func (r *response) doc(t *testing.T) *goquery.Document {
	t.Helper()
	d, err := goquery.NewDocumentFromReader(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// help is the help desk code on the page.
func (r *response) help(t *testing.T) string {
	t.Helper()
	for _, word := range strings.FieldsFunc(r.doc(t).Find("body").Text(), func(c rune) bool { return c != '-' && (c < '0' || c > 'Z') }) {
		if id, ok := hub.ParseTraceID(word); ok && id == word {
			return id
		}
	}
	return ""
}

func (b *browser) get(address string) *response { return b.send("GET", address, nil) }

func (b *browser) post(address string, form url.Values) *response {
	return b.send("POST", address, form)
}

// send makes a request and follows where it leads.
func (b *browser) send(method, address string, form url.Values) *response {
	b.t.Helper()
	for range 20 {
		r := b.once(method, address, form)
		location := r.Header.Get("Location")
		if location == "" {
			return r
		}
		next, err := r.url.Parse(location)
		if err != nil {
			b.t.Fatal(err)
		}
		if strings.HasPrefix(location, "http://localhost:3000") {
			r.url = next
			return r
		}
		method, address, form = "GET", next.String(), nil
	}
	b.t.Fatal("redirected in a circle")
	return nil
}

// once makes one request and follows nothing.
func (b *browser) once(method, address string, form url.Values) *response {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, body)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range b.header {
		r.Header[name] = values
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return &response{Response: res, url: res.Request.URL, body: string(text)}
}

// submit fills in and sends the form of a page.
func (b *browser) submit(page *response, fields ...string) *response {
	b.t.Helper()
	form := page.doc(b.t).Find("form[method=post]").First()
	action, ok := form.Attr("action")
	if !ok {
		b.t.Fatalf("no form on the page:\n%s", page.body)
	}
	values := url.Values{}
	form.Find("input[type=hidden]").Each(func(_ int, s *goquery.Selection) { values.Set(s.AttrOr("name", ""), s.AttrOr("value", "")) })
	for i := 0; i+1 < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	to, err := page.url.Parse(action)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.post(to.String(), values)
}

// authorize opens the authorization endpoint with hubtest's request, changed.
func (b *browser) authorize(changes ...string) *response {
	b.t.Helper()
	return b.get(hubtest.Issuer + "/oauth2/authorize?" + hubtest.Authorization(changes...).Encode())
}

// code signs the local user in and returns the code the app gets.
func (b *browser) code(changes ...string) string {
	b.t.Helper()
	r := b.submit(b.authorize(changes...), "username", hubtest.Username, "password", hubtest.Password)
	params, ok := r.app()
	if !ok || params.Get("code") == "" {
		b.t.Fatalf("no code: %d %s\n%s", r.StatusCode, r.url, r.body)
	}
	return params.Get("code")
}

// cookies are those the browser holds for the hub.
func (b *browser) cookies() []*http.Cookie {
	u, _ := url.Parse(hubtest.Issuer)
	return b.client.Jar.Cookies(u)
}
