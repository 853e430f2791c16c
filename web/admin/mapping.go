package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/mapping"
)

// Bounds of one trial: people whose claims come with the request, and the time it
// may take.
const (
	maxClaimSets = 1000
	trialTime    = 20 * time.Second
)

// ClaimSet is what a provider sent of a person lately, masked.
type ClaimSet struct {
	Time    time.Time   `json:"time"`
	Person  string      `json:"person"`
	Sub     string      `json:"sub,omitempty"` // of the user here, if there is one
	Client  string      `json:"client"`
	Reason  string      `json:"reason,omitempty"` // why the sign-in stopped
	Claims  []hub.Claim `json:"claims"`
	LeftOut []string    `json:"left_out,omitempty"` // claims that were not kept as they came
}

// ClaimSets are what is kept of a provider, the newest first.
type ClaimSets struct {
	Samples []ClaimSet `json:"samples"`
}

// Trial is a mapping to be tried: without Mapping, the one in force.
type Trial struct {
	Schema  *Schema           `json:"schema,omitempty"` // without one, the pool's
	Mapping []Rule            `json:"mapping,omitempty"`
	Kept    bool              `json:"kept,omitempty"`   // on the claims that are kept
	Claims  []json.RawMessage `json:"claims,omitempty"` // and on these, an object for each person
	Reveal  bool              `json:"reveal,omitempty"` // show values as they are
}

// Schema is what a pool says of attributes beyond the standard.
type Schema struct {
	Required []string    `json:"required,omitempty"`
	Custom   []Attribute `json:"custom,omitempty"`
}

// Attribute is one that the pool declares.
type Attribute struct {
	Name      string `json:"name"`
	Type      string `json:"type,omitempty"`
	MaxLength int    `json:"max_length,omitempty"`
	Immutable bool   `json:"immutable,omitempty"`
}

// Rule is a rule of a mapping, in the words of the configuration.
type Rule struct {
	Attribute         string   `json:"attribute"`
	From              []string `json:"from,omitempty"`
	Expr              string   `json:"expr,omitempty"`
	Value             *string  `json:"value,omitempty"`
	Default           string   `json:"default,omitempty"`
	OnMissing         string   `json:"on_missing,omitempty"`
	Write             string   `json:"write,omitempty"`
	Split             string   `json:"split,omitempty"`
	TrustVerification bool     `json:"trust_verification,omitempty"`
}

func (q *request) provider() (*hub.Provider, error) {
	pr, ok := q.pool.Provider(q.names["provider"])
	if !ok {
		return nil, &Error{Status: http.StatusNotFound, Code: "no_such_provider", Message: "There is no such provider in this pool."}
	}
	return pr, nil
}

func listClaimSets(a *api, q *request) (any, error) {
	if _, err := q.query(); err != nil {
		return nil, err
	}
	pr, err := q.provider()
	if err != nil {
		return nil, err
	}
	sets, err := q.pool.ClaimSets(q.Context(), pr.Name)
	if err != nil {
		return nil, err
	}
	trials, err := a.SignIn.Try(q.Context(), q.pool, pr, pr.Mapping, sets)
	if err != nil {
		return nil, err
	}
	list := ClaimSets{Samples: []ClaimSet{}}
	for _, t := range trials {
		list.Samples = append(list.Samples, ClaimSet{
			Time: t.Set.Time, Person: person(&t, hub.Mask), Sub: sub(&t), Client: t.Set.Client, Reason: t.Set.Reason,
			Claims: signin.MaskClaims(t.Set.Claims), LeftOut: t.Set.LeftOut,
		})
	}
	return &list, nil
}

// tryMapping takes a POST, an audit entry and the bounds of a sign-in: a trial
// runs what its sender wrote, on people's data (security row A170).
func tryMapping(a *api, q *request) (any, error) {
	var body Trial
	if err := q.decode(&body); err != nil {
		return nil, err
	}
	pr, err := q.provider()
	if err != nil {
		return nil, err
	}
	m, err := body.compile(q.pool, pr)
	if err != nil {
		return nil, err
	}
	sets, err := body.sets(q.pool, pr)
	if err != nil {
		return nil, err
	}
	event := hub.Event{Name: hub.MappingTried, Provider: pr.Name}
	show := hub.Mask
	if body.Reveal {
		event.Name, show = hub.ClaimsRevealed, func(value string) string { return value }
	}
	var trials []signin.Trial
	err = a.act(q, event, func() (string, error) {
		if body.Kept {
			kept, err := q.pool.ClaimSets(q.Context(), pr.Name)
			if err != nil {
				return "", err
			}
			sets = append(kept, sets...)
		}
		ctx, cancel := context.WithTimeout(q.Context(), trialTime)
		defer cancel()
		trials, err = a.SignIn.Try(ctx, q.pool, pr, m, sets)
		if errors.Is(err, context.DeadlineExceeded) && q.Context().Err() == nil {
			return "", &Error{Status: http.StatusUnprocessableEntity, Code: "too_slow", Message: fmt.Sprintf("The trial took longer than %s; try it on fewer people, or with cheaper expressions.", trialTime)}
		}
		return "", err
	})
	if err != nil {
		return nil, err
	}
	return tries(q.pool, pr, trials, show), nil
}

func (t *Trial) compile(p *hub.Pool, pr *hub.Provider) (*mapping.Mapping, error) {
	if t.Mapping == nil && t.Schema == nil {
		return pr.Mapping, nil
	}
	schema := p.Schema
	if t.Schema != nil {
		custom := make([]mapping.Attribute, len(t.Schema.Custom))
		for i, c := range t.Schema.Custom {
			custom[i] = mapping.Attribute{Name: c.Name, Type: mapping.Type(c.Type), MaxLength: c.MaxLength, Immutable: c.Immutable}
		}
		var err error
		if schema, err = mapping.NewSchema(t.Schema.Required, custom); err != nil {
			return nil, invalid("schema", "%s", err)
		}
	}
	rules := make([]mapping.Rule, len(t.Mapping))
	for i, r := range t.Mapping {
		rules[i] = mapping.Rule{
			Attribute: r.Attribute, From: r.From, Expr: r.Expr, Value: r.Value, Default: r.Default, OnMissing: mapping.OnMissing(r.OnMissing),
			Write: mapping.Write(r.Write), Split: r.Split, TrustVerification: r.TrustVerification,
		}
	}
	m, err := mapping.Compile(schema, rules)
	if err != nil {
		return nil, invalid("mapping", "%s", err)
	}
	return m, nil
}

// sets reads the claims that came with the request. They are of the identity that
// they name.
func (t *Trial) sets(p *hub.Pool, pr *hub.Provider) ([]hub.ClaimSet, error) {
	if len(t.Claims) > maxClaimSets {
		return nil, invalid("claims", "claims are of %d people at most.", maxClaimSets)
	}
	sets := make([]hub.ClaimSet, len(t.Claims))
	for i, text := range t.Claims {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var claims map[string]any
		if err := decoder.Decode(&claims); err != nil || claims == nil {
			return nil, invalid("claims", "claims[%d] is no JSON object.", i)
		}
		issuer, _ := claims["iss"].(string)
		if issuer == "" {
			issuer = pr.Upstream.Issuer()
		}
		subject, _ := claims["sub"].(string)
		sets[i] = hub.ClaimSet{Issuer: issuer, Subject: subject, Claims: claims}
	}
	return sets, nil
}
