package signin

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Complete takes the details that the provider did not send, typed by the
// person it vouched for, and lets the person in. Only the attributes that were
// asked for are taken.
func (s *Service) Complete(ctx context.Context, p *hub.Pool, b Browser, in *hub.Interaction, typed map[string]string) (Next, error) {
	t, failure := s.proceed(p, b, in)
	if failure != nil {
		return nil, failure
	}
	var pending *hub.Pending
	err := p.Space.View(ctx, func(tx *store.Tx) (err error) {
		pending, err = hub.Pendings.Get(tx, in.ID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, t.fail(s, Expired, errors.New("no provider has vouched for this sign-in, or it is finished"))
	}
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	pr, ok := p.Provider(pending.Identity.Link.Provider)
	t.provider = pr
	if !ok || !t.client.Uses(pr) {
		return nil, t.fail(s, ProviderOff, errors.New("the provider was switched off meanwhile"))
	}
	given, problems := judge(p.Schema, pending.Ask, typed)
	if len(problems) > 0 {
		return AskProfile{
			Client: t.client, Interaction: in, Provider: pr, Ask: pending.Ask, Given: typed, Problems: problems, FormTarget: t.target,
		}, nil
	}
	maps.Copy(given, pending.Set)
	a := arrival{identity: pending.Identity, provider: pr, given: given, groups: pending.Groups, sub: directory.NewSub(), apart: true}
	next, v, err := s.enter(ctx, p, b, t, entry{
		auth: a.identity.AuthTime, provider: pr.Name, link: a.identity.Link.Key(), upstream: a.identity.Upstream, acr: a.identity.ACR,
		user: func(tx *store.Tx) (*hub.User, *verdict, error) {
			if err := hub.Pendings.Delete(tx, in.ID); err != nil {
				return nil, nil, err
			}
			return a.user(tx, p, t.client)
		},
	})
	if err != nil {
		return nil, t.fail(s, Internal, err)
	}
	if v != nil {
		return t.stop(s, v)
	}
	return next, nil
}

// judge takes the attributes that were asked for and says of each other one
// what is wrong: "missing" or "invalid".
func judge(schema *mapping.Schema, ask []string, typed map[string]string) (given mapping.Attributes, problems map[string]string) {
	given, problems = mapping.Attributes{}, map[string]string{}
	for _, name := range slices.Compact(slices.Clone(ask)) {
		value := strings.TrimSpace(typed[name])
		if value == "" {
			problems[name] = "missing"
			continue
		}
		if err := schema.Check(mapping.Attributes{name: value}); err != nil {
			problems[name] = "invalid"
			continue
		}
		given[name] = value
		if name == "email" || name == "phone_number" {
			given[name+"_verified"] = "false" // typed, not proven
		}
	}
	return given, problems
}
