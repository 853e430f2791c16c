package idptest

import (
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/signature"
)

// endSession ends the session of the hinted ID token (RP-Initiated Logout §2), or the browser's, and returns to
// post_logout_redirect_uri with state; or, asked as Cognito's /logout is, to logout_uri. If nowhere is named, or the
// caller did not say which client it is, all is said on a page, and so it is if frames must be loaded first.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	if p.cfg.NoLogout {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodHead {
		return
	}
	out, err := p.readSignOut(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var frames []string
	for _, sid := range out.sids {
		if n, ok := p.end(r.Context(), sid); ok && n.Frame != "" {
			frames = append(frames, n.Frame)
		}
	}
	if left := slices.DeleteFunc(p.remembered(r), func(sid string) bool { return slices.Contains(out.sids, sid) }); len(out.sids) > 0 {
		p.setCookie(w, left)
	}
	params := url.Values{}
	if out.state != "" {
		params.Set("state", out.state)
	}
	if h := p.hook().PostLogout; h != nil && !h(params) {
		out.to = nil
	}
	if out.to == nil {
		writePage(w, signedOut, map[string]any{"Frames": frames})
		return
	}
	q := out.to.Query()
	for name, values := range params {
		q[name] = values
	}
	out.to.RawQuery = q.Encode()
	if len(frames) > 0 {
		writePage(w, signedOut, map[string]any{"Frames": frames, "To": out.to.String()})
		return
	}
	http.Redirect(w, r, out.to.String(), http.StatusSeeOther)
}

// signOut is a request to the end_session endpoint, found in order.
type signOut struct {
	sids  []string // of the sessions to end
	to    *url.URL // where to return; nil: nowhere
	state string
}

func (p *Provider) readSignOut(r *http.Request) (*signOut, error) {
	form := r.Form
	for _, name := range []string{"client_id", "id_token_hint", "post_logout_redirect_uri", "logout_uri", "state"} {
		if len(form[name]) > 1 {
			return nil, errors.New(name + " is there twice")
		}
	}
	if form.Has("client_id") && form.Get("client_id") != p.cfg.ClientID {
		return nil, errors.New("unknown client")
	}
	out := &signOut{sids: p.remembered(r), state: form.Get("state")}
	known := form.Has("client_id")
	if hint := form.Get("id_token_hint"); hint != "" {
		sids, err := p.hinted(hint)
		if err != nil {
			return nil, err
		}
		out.sids, known = sids, true
	}
	to := form.Get("post_logout_redirect_uri")
	if form.Has("logout_uri") {
		if !form.Has("client_id") {
			return nil, errors.New("logout_uri wants client_id")
		}
		to, out.state = form.Get("logout_uri"), ""
	}
	// Without a client nobody could tell whose address it is (§3).
	if to == "" || !known {
		return out, nil
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || len(p.cfg.PostLogoutRedirectURIs) > 0 && !slices.Contains(p.cfg.PostLogoutRedirectURIs, to) {
		return nil, errors.New("the address to return to is not registered")
	}
	out.to = u
	return out, nil
}

// hinted returns the sessions that an ID token of ours tells of, expired or not.
func (p *Provider) hinted(raw string) ([]string, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, errors.New("id_token_hint is no JWT")
	}
	var header struct{ Alg, Typ string }
	var claims struct {
		Iss, Aud, Sub, Sid string
		Events             any
	}
	mark, ok := signature.Decode(parts[2])
	for i, to := range []any{&header, &claims} {
		b, decoded := signature.Decode(parts[i])
		ok = ok && decoded && json.Unmarshal(b, to) == nil
	}
	if !ok || strings.HasSuffix(strings.ToLower(header.Typ), "+jwt") || claims.Events != nil {
		return nil, errors.New("id_token_hint is no ID token")
	}
	p.mu.Lock()
	keys := slices.Concat(p.keys, p.past)
	p.mu.Unlock()
	ours := slices.ContainsFunc(keys, func(k Key) bool {
		return k.Algorithm == header.Alg && signature.Check(k.Private.Public(), k.Algorithm, []byte(parts[0]+"."+parts[1]), mark)
	})
	if !ours || claims.Iss != p.cfg.Issuer || claims.Aud != p.cfg.ClientID {
		return nil, errors.New("id_token_hint is not ours, or another client's")
	}
	if claims.Sid != "" {
		return []string{claims.Sid}, nil
	}
	return p.Sessions(claims.Sub), nil
}

// signedOut loads the frames of Front-Channel Logout §3, and then goes on if there is somewhere to go.
var signedOut = template.Must(template.New("signed-out").Parse(`<!doctype html><html lang="en"><title>Test provider</title>
{{with .To}}<meta http-equiv="refresh" content="2;url={{.}}">{{end}}
<h1>Signed out</h1>{{with .To}}<p><a id="continue" href="{{.}}">Continue</a></p>{{end}}
{{range .Frames}}<iframe src="{{.}}" hidden></iframe>
{{end}}</html>
`))
