package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/idp/idptest"
	"github.com/isthmus-hub/isthmus/web"
)

// Every route answers with the protective headers, by every method, whatever
// comes of the request.
func TestA112_EveryRoute(t *testing.T) {
	h := hubtest.New(t)
	h.Pool.LoginApp, h.Pool.Registration = loginApp, true
	up := idptest.New(t, idptest.Config{})
	h.Link(h.Pool, "CorporateID", up)
	s := serve(t, h)
	routes, err := web.Routes(s.server, s.Pool)
	if err != nil || len(routes) < 40 {
		t.Fatal(len(routes), err)
	}
	variable := regexp.MustCompile(`\{\w+\}`)
	b := s.browser(t)
	for _, route := range routes {
		path := variable.ReplaceAllString(route.Path, "CorporateID")
		for _, method := range append(route.Methods, "HEAD", "PATCH") {
			for _, query := range []string{"", "?iss=" + up.Issuer() + "&sid=y", "?see=x&id=x&state=x&client_id=x"} {
				r := b.once(method, hubtest.Issuer+path+query, nil)
				policy := r.Header.Get("Content-Security-Policy")
				framed := strings.HasPrefix(route.Path, "/logout/frontchannel/") && r.StatusCode == http.StatusOK
				for name, want := range map[string]string{
					"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer|same-origin",
					"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
				} {
					if framed && name == "X-Frame-Options" {
						continue
					}
					if got := r.Header.Get(name); got == "" || !strings.Contains("|"+want+"|", "|"+got+"|") {
						t.Errorf("%s %s%s: %d: %s: %q", method, path, query, r.StatusCode, name, got)
					}
				}
				if ancestors := "frame-ancestors 'none'"; !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, ancestors) == framed {
					t.Errorf("%s %s%s: %d: policy %q", method, path, query, r.StatusCode, policy)
				}
				public := strings.HasPrefix(path, "/.well-known/") || path == "/button"
				if cache := r.Header.Get("Cache-Control"); !public && cache != "no-store" {
					t.Errorf("%s %s%s: %d: Cache-Control %q", method, path, query, r.StatusCode, cache)
				}
			}
		}
	}
}
