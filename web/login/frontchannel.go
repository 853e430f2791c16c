package login

import (
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/web/middleware"
)

// FrontchannelLogout receives a provider's front-channel call in a frame
// (Front-Channel Logout §2): an empty page, which the provider may frame and
// nobody else.
func FrontchannelLogout(s *Site, w http.ResponseWriter, r *http.Request) error {
	pr, ok := s.pool.ProviderAt(mux.Vars(r)["provider"])
	if !ok {
		return s.status(w, r, http.StatusNotFound)
	}
	w.Header().Set("Cache-Control", "no-store")
	q := r.URL.Query()
	_, err := s.logout.ReceiveFront(r.Context(), s.pool, pr, q.Get("iss"), q.Get("sid"), visitor(r))
	if refused := (*logout.RefusedError)(nil); errors.As(err, &refused) {
		return s.status(w, r, http.StatusBadRequest)
	}
	if err != nil {
		return err
	}
	middleware.SetPolicy(w, middleware.Policy{Ancestors: []string{middleware.Origin(pr.Upstream.Issuer())}})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = w.Write([]byte("<!doctype html><title>Signed out</title>"))
	return err
}
