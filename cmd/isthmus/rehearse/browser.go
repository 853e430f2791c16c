package rehearse

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// roads lead to what a rehearsal is made of, and nowhere else: to the hub, in
// this process, by the host of its issuer, and to the scripted servers.
type roads struct {
	hub    http.Handler
	host   string   // of the issuer
	others []string // host and port of the scripted servers
	wire   *http.Transport
}

// errElsewhere is a request that would leave the rehearsal.
var errElsewhere = errors.New("the rehearsal does not go there")

// RoundTrip implements http.RoundTripper.
func (s *roads) RoundTrip(r *http.Request) (*http.Response, error) {
	if slices.Contains(s.others, r.URL.Host) {
		return s.wire.RoundTrip(r)
	}
	if r.URL.Host != s.host {
		return nil, errElsewhere
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), "127.0.0.1:1", r.URL.Host
	if r.URL.Scheme == "https" {
		in.TLS = &tls.ConnectionState{}
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	s.hub.ServeHTTP(w, in)
	res := w.Result()
	res.Request = r
	return res, nil
}

// browser is the made-up person's: it keeps cookies, follows redirects, and runs
// no script. Where an app would take over it stops.
type browser struct {
	http  *http.Client
	roads *roads
}

// patience is how long anybody waits for one answer.
const patience = 15 * time.Second

func newBrowser(s *roads) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &browser{roads: s, http: &http.Client{
		Jar: jar, Transport: s, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// stop is what the browser came to.
type stop struct {
	at     *url.URL
	app    bool              // an app's address, which it did not open
	status int               // of the page
	page   *goquery.Document // nil at an app
}

const maxHops = 20

// open opens an address and follows where it leads, to the registered addresses
// of the app at the latest.
func (b *browser) open(ctx context.Context, address string, app []string) (*stop, error) {
	return b.send(ctx, http.MethodGet, address, nil, app)
}

func (b *browser) send(ctx context.Context, method, address string, form url.Values, app []string) (*stop, error) {
	for range maxHops {
		res, body, err := b.once(ctx, method, address, form)
		if err != nil {
			return nil, err
		}
		location := res.Header.Get("Location")
		if location == "" || res.StatusCode/100 != 3 {
			page, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
			return &stop{at: res.Request.URL, status: res.StatusCode, page: page}, err
		}
		next, err := res.Request.URL.Parse(location)
		if err != nil {
			return nil, err
		}
		if next.Host != b.roads.host && !slices.Contains(b.roads.others, next.Host) || slices.ContainsFunc(app, func(a string) bool { return leadsTo(next, a) }) {
			return &stop{at: next, app: true}, nil
		}
		method, address, form = http.MethodGet, next.String(), nil
	}
	return nil, fmt.Errorf("the browser is sent around in circles, now to %s", bare(address))
}

// leadsTo tells whether an address is a registered one, but for what was added
// to its query.
func leadsTo(at *url.URL, registered string) bool {
	u, err := url.Parse(registered)
	if err != nil || at.Scheme != u.Scheme || at.Host != u.Host || at.Path != u.Path || at.Opaque != u.Opaque {
		return false
	}
	got := at.Query()
	for name, values := range u.Query() {
		if !slices.Equal(got[name], values) {
			return false
		}
	}
	return true
}

// bare is an address without its query, in which secrets may be.
func bare(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}

const maxPage = 4 << 20

// once makes one request and follows nothing.
func (b *browser) once(ctx context.Context, method, address string, form url.Values) (*http.Response, []byte, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, nil, err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := b.http.Do(r)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = fmt.Errorf("%s: %w", bare(address), failed.Err)
		}
		return nil, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxPage))
	return res, text, err
}

// submit fills in the form of a page and sends it.
func (b *browser) submit(ctx context.Context, s *stop, fields url.Values, app []string) (*stop, error) {
	form := s.page.Find("form[method=post]").First()
	action, ok := form.Attr("action")
	to, err := s.at.Parse(action)
	if !ok || err != nil {
		return nil, fmt.Errorf("there is no form on the page %q", s.title())
	}
	form.Find("input[type=hidden]").Each(func(_ int, in *goquery.Selection) {
		fields.Set(in.AttrOr("name", ""), in.AttrOr("value", ""))
	})
	return b.send(ctx, http.MethodPost, to.String(), fields, app)
}

// frameWait is how long frames are waited for, as the hub's page does.
const frameWait = 3 * time.Second

// frames loads what a page has in frames, all at once, as a browser would that
// does not hold cookies back.
func (b *browser) frames(ctx context.Context, s *stop) {
	ctx, cancel := context.WithTimeout(ctx, frameWait)
	defer cancel()
	var all sync.WaitGroup
	s.page.Find("iframe[src]").Each(func(_ int, f *goquery.Selection) {
		all.Go(func() {
			// What becomes of a frame no browser tells.
			_, _, _ = b.once(ctx, http.MethodGet, f.AttrOr("src", ""), nil)
		})
	})
	all.Wait()
}

// title is the page's heading.
func (s *stop) title() string {
	if s.page == nil {
		return ""
	}
	return strings.Join(strings.Fields(s.page.Find("h1").First().Text()), " ")
}

// where says where the browser is.
func (s *stop) where() string {
	at := bare(s.at.String())
	if t := s.title(); t != "" {
		at += fmt.Sprintf(" (%q)", t)
	}
	return at
}
