package walk_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"

	"github.com/PuerkitoBio/goquery"
)

// The person of every walk; the files know her by these. Whoever else there is
// has her password.
const (
	username = "ana"
	password = "Correct-horse-7"
)

// person is somebody at a browser.
type person struct {
	username string
	client   *http.Client
}

// newPerson is somebody with a fresh browser, who trusts the certificate in a
// file, if one is named.
func newPerson(username, authority string) (*person, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{}
	if authority != "" {
		text, err := os.ReadFile(authority)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(text)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return &person{username, &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// ending is where a visit ends: at the address of the app that the hub sent the
// browser to, which is not opened, perhaps with a form; or on the hub's last
// page, of which there is the text.
type ending struct {
	End  string `json:"end"`
	Form string `json:"form,omitempty"`
	Text string `json:"text,omitempty"`
}

// visit opens an address of the hub, signs in and says yes wherever a page asks.
func (p *person) visit(address string) (*ending, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	hub := u.Host
	var form url.Values
	var text string
	for range 12 {
		if u.Host != hub {
			return &ending{End: u.String(), Form: form.Encode()}, nil
		}
		res, page, err := p.send(u, form)
		if err != nil {
			return nil, err
		}
		if to := res.Header.Get("Location"); to != "" {
			if u, err = u.Parse(to); err != nil {
				return nil, err
			}
			form = nil
			continue
		}
		text = fmt.Sprintf("status %d: %s", res.StatusCode, strings.Join(strings.Fields(page.Find("main").Text()), " "))
		next, fields := p.fill(page)
		if next == "" {
			return &ending{End: u.String(), Text: text}, nil
		}
		if u, err = u.Parse(next); err != nil {
			return nil, err
		}
		form = fields
	}
	return nil, errors.New("no end of pages; the last one has " + text)
}

func (p *person) send(u *url.URL, form url.Values) (*http.Response, *goquery.Document, error) {
	req, err := http.NewRequest(http.MethodGet, u.String(), nil)
	if form != nil {
		req, err = http.NewRequest(http.MethodPost, u.String(), strings.NewReader(form.Encode()))
	}
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", u.Scheme+"://"+u.Host)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := p.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	page, err := goquery.NewDocumentFromReader(io.LimitReader(res.Body, 1<<20))
	return res, page, err
}

// fill fills in the form of a page; there is none on a page that is an end.
func (p *person) fill(page *goquery.Document) (action string, fields url.Values) {
	form := page.Find(`main form[method="post"]`).First()
	if form.Length() == 0 {
		return "", nil
	}
	fields = url.Values{}
	form.Find("input[name]").Each(func(_ int, s *goquery.Selection) {
		fields.Set(s.AttrOr("name", ""), s.AttrOr("value", ""))
	})
	if fields.Has("username") {
		fields.Set("username", p.username)
		fields.Set("password", password)
	}
	if button := form.Find("button[name]").First(); button.Length() > 0 {
		fields.Set(button.AttrOr("name", ""), button.AttrOr("value", ""))
	}
	return form.AttrOr("action", ""), fields
}
