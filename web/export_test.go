package web

import (
	"github.com/gorilla/mux"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/web/login"
)

// Routes are the paths of everything that a pool answers, and by which methods.
func Routes(s *Server, p *hub.Pool) (list []struct {
	Path    string
	Methods []string
}, err error) {
	l, err := login.New(p, s.options.SignIn, s.options.Logout, s.renderer)
	if err != nil {
		return nil, err
	}
	h, err := s.routes(p, l)
	if err != nil {
		return nil, err
	}
	err = h.(*mux.Router).Walk(func(r *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := r.GetPathTemplate()
		if err != nil {
			return err
		}
		methods, err := r.GetMethods()
		if err != nil {
			methods = []string{"GET"} // it takes any
		}
		list = append(list, struct {
			Path    string
			Methods []string
		}{path, methods})
		return nil
	})
	return list, err
}
