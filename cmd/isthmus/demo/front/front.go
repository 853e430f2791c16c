package front

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed static
var files embed.FS

// Front serves the login application.
type Front struct {
	host, policy string
	handler      http.Handler
}

// New makes the login application that browsers reach at address and that speaks
// with the hub of that origin, and with no other: which hub it is never comes
// from a link, or a link could lead passwords elsewhere.
func New(address, hub string) (*Front, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	t, err := template.ParseFS(files, "static/index.html")
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := t.Execute(&page, struct{ Hub string }{hub}); err != nil {
		return nil, err
	}
	sheet, err := files.ReadFile("static/front.css")
	if err != nil {
		return nil, err
	}
	script, err := files.ReadFile("static/front.js")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", file("text/html; charset=utf-8", page.Bytes()))
	mux.HandleFunc("GET /assets/front.css", file("text/css; charset=utf-8", sheet))
	mux.HandleFunc("GET /assets/front.js", file("text/javascript; charset=utf-8", script))
	return &Front{
		host: u.Host, handler: mux,
		policy: "default-src 'none'; style-src 'self'; script-src 'self'; connect-src " + hub + "; img-src data: " + hub +
			"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}, nil
}

func file(kind string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(body)
	}
}

// ServeHTTP serves the page and its two files.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", f.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if !strings.EqualFold(r.Host, f.host) {
		http.Error(w, "This server does not answer for that host.", http.StatusMisdirectedRequest)
		return
	}
	f.handler.ServeHTTP(w, r)
}
