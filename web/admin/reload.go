package admin

import (
	"net/http"

	"github.com/isthmus-hub/isthmus/hub"
)

// Reloaded is the answer of POST /reload: the configuration is in force.
type Reloaded struct {
	Pools    []Pool   `json:"pools"`
	Warnings []string `json:"warnings,omitempty"`
}

func reload(a *api, q *request) (any, error) {
	if err := q.decode(&struct{}{}); err != nil {
		return nil, err
	}
	if a.Reload == nil {
		return nil, &Error{Status: http.StatusConflict, Code: "not_running", Message: "No hub runs that could take up a changed configuration."}
	}
	var warnings []string
	err := a.act(q, hub.Event{Name: hub.ConfigReloaded}, func() (_ string, err error) {
		if warnings, err = a.Options.Reload(q.Context()); err != nil {
			// What is wrong with the file is for whoever asked, not for the log alone.
			return "", &Error{Status: http.StatusUnprocessableEntity, Code: "configuration_refused", Message: err.Error()}
		}
		return "", nil
	})
	if err != nil {
		return nil, err
	}
	pools, err := listPools(a, q)
	if err != nil {
		return nil, err
	}
	return &Reloaded{Pools: pools.(*Pools).Pools, Warnings: warnings}, nil
}
