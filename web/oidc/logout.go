package oidc

import (
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// BackchannelLogout receives a provider's logout token (Back-Channel Logout §2.5
// and §2.8): 200 when it was followed, also about somebody who is not here, and
// 400 with JSON that says why not.
func BackchannelLogout(s *logout.Service) handler {
	return func(w http.ResponseWriter, r *http.Request, p *hub.Pool) error {
		pr, ok := p.ProviderAt(mux.Vars(r)["provider"])
		if !ok {
			write(w, http.StatusNotFound, oauth.Errorf(oauth.InvalidRequest, "the pool has no such provider"))
			return nil
		}
		if err := r.ParseForm(); err != nil {
			return oauth.Wrap(err, oauth.InvalidRequest, "the form cannot be read")
		}
		raw := r.PostForm["logout_token"]
		if len(raw) != 1 || raw[0] == "" {
			return oauth.Errorf(oauth.InvalidRequest, "one logout_token is wanted")
		}
		_, err := s.Receive(r.Context(), p, pr, raw[0], visitor(r))
		if refused := (*logout.RefusedError)(nil); errors.As(err, &refused) {
			return oauth.Wrap(err, oauth.InvalidRequest, "the logout token is not valid")
		}
		if err != nil {
			return oauth.Internal(err) // 503: the provider may try again
		}
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusOK)
		return nil
	}
}
