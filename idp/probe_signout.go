package idp

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/outbound"
)

// signOut compares how the end_session endpoint takes our post_logout_redirect_uri and one that nobody registered, from
// a browser that is signed in nowhere. Redirects are not followed.
func (d *doctor) signOut(ctx context.Context, m *Metadata) {
	uri := d.p.cfg.PostLogoutRedirectURI
	if m.EndSessionEndpoint == "" || uri == "" {
		return
	}
	mend := "Register it at the provider as an address to return to after sign-out: " + uri + ", or set logout: never for it."
	ours, err := d.leave(ctx, m, uri)
	if err != nil {
		_ = d.p.finish(err, &d.t)
		d.note(Warn, "sign_out", err.Error(), err.Mend)
		return
	}
	if strings.HasPrefix(ours.where, "refused") {
		d.note(Warn, "sign_out", fmt.Sprintf("the provider answers our post_logout_redirect_uri with %s", ours.where), mend)
		return
	}
	strange, err := d.leave(ctx, m, "https://"+strings.ToLower(rand.Text())+".invalid/")
	switch {
	case err != nil || strange.where == ours.where:
		d.note(Warn, "sign_out", fmt.Sprintf("the provider answers our post_logout_redirect_uri with %s, and a strange one likewise: it cannot be told whether ours is registered", ours.where), mend)
	default:
		d.ok("sign_out", "the provider takes our post_logout_redirect_uri (%s) and not a strange one (%s)", ours.where, strange.where)
	}
}

func (d *doctor) leave(ctx context.Context, m *Metadata, uri string) (reception, *Error) {
	p := d.p
	r, err := newRequest(http.MethodGet, m.EndSessionEndpoint, nil)
	if err != nil {
		return reception{}, &Error{Step: StepEndSession, Check: "url", Kind: KindInvalid, Cause: err}
	}
	q := r.URL.Query()
	q.Set("client_id", p.cfg.ClientID)
	if p.cfg.LogoutStyle == LogoutCognito {
		q.Set("logout_uri", uri)
	} else {
		q.Set("post_logout_redirect_uri", uri)
	}
	r.URL.RawQuery = q.Encode()
	a, failed := p.doWith(ctx, p.still(), &d.t, StepEndSession, r, outbound.MaxBody)
	if failed != nil {
		return reception{}, failed
	}
	if a.status >= 500 {
		return reception{}, a.statusFault(StepEndSession)
	}
	to := a.reception(uri)
	to.where = strings.Replace(to.where, "the callback", "it", 1)
	return to, nil
}
