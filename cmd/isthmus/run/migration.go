package run

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/idp/migration"
)

// Migration is the system that a pool's people come from, to be asked by itself;
// nil when the pool has none.
func Migration(cfg *config.Config, p *config.Pool) (migration.System, error) {
	client, err := newOutbound(cfg, nil)
	if err != nil {
		return nil, err
	}
	return oldSystem(p.Migration, client), nil
}

func oldSystem(m config.Migration, client *http.Client) migration.System {
	switch {
	case m.HTTP != nil:
		return migration.NewHook(migration.HookConfig{URL: m.HTTP.URL, Secret: m.HTTP.Secret.Reveal(), Timeout: m.HTTP.Timeout}, client)
	case m.Cognito != nil:
		return migration.NewCognito(migration.CognitoConfig{
			Endpoint: m.Cognito.Address(), ClientID: m.Cognito.ClientID, ClientSecret: m.Cognito.ClientSecret.Reveal(), Timeout: m.Cognito.Timeout,
		}, client)
	}
	return nil
}

// migration is a pool's old system with its questions observed; nil if it has none.
func (h *Hub) migration(c *config.Pool) migration.System {
	s := oldSystem(c.Migration, h.outbound)
	if s == nil {
		return nil
	}
	return &observed{s, c.Name, h.metrics}
}

// observed counts the questions to a system, and how long they take.
type observed struct {
	migration.System
	pool    string
	metrics *metrics
}

// Ask implements migration.System.
func (o *observed) Ask(ctx context.Context, q migration.Question) (*migration.Person, error) {
	begun := time.Now()
	person, err := o.System.Ask(ctx, q)
	outcome := "right"
	if e, ok := errors.AsType[*migration.Error](err); ok {
		outcome = string(e.Kind)
	} else if err != nil {
		outcome = "wrong"
	}
	o.metrics.migrations.WithLabelValues(o.pool, outcome).Observe(time.Since(begun).Seconds())
	return person, err
}
