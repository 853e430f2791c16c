package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/logout"
	"github.com/isthmus-hub/isthmus/web/middleware"
)

// Logout is the record of one session's end. It has no field for the provider's
// ID token that the hub keeps until it has been used, so none can be answered.
type Logout struct {
	ID        string       `json:"id"` // the session's
	Pool      string       `json:"pool"`
	Begun     time.Time    `json:"begun"`
	Closed    time.Time    `json:"closed,omitzero"` // when the last party's outcome was known
	Open      bool         `json:"open"`            // somebody has still to hear of it
	Deadline  time.Time    `json:"deadline"`        // nobody is tried after this
	TookMS    Milliseconds `json:"took_ms"`         // until Closed, or so far
	Cause     string       `json:"cause"`           // app, person, provider, administrator, disabled, deleted, expired or replaced
	By        string       `json:"by,omitempty"`    // the client, the provider or the administrator, by the cause
	Address   string       `json:"address,omitempty"`
	RequestID string       `json:"request_id,omitempty"`
	Sub       string       `json:"sub"`
	Username  string       `json:"username,omitempty"` // empty: the user is gone
	Provider  string       `json:"provider,omitempty"` // the way in; empty: the pool's own password
	Hops      []Hop        `json:"hops"`
	// Page is the address where the same is drawn, for whoever has it, good for an
	// hour; only where one logout is asked for.
	Page string `json:"page,omitempty"`
}

// Hop is one way in which a party had to hear of a session's end.
type Hop struct {
	Party    Party     `json:"party"`
	Channel  string    `json:"channel,omitempty"` // back-channel, front-channel or browser; empty: there is none
	Outcome  string    `json:"outcome"`           // pending, delivered, refused, gave_up, not_supported or unknown
	Note     string    `json:"note,omitempty"`    // why, where no attempt says it
	Attempts []Attempt `json:"attempts,omitempty"`
	Next     time.Time `json:"next,omitzero"` // of the next attempt
	Done     time.Time `json:"done,omitzero"` // when the outcome was known
}

// Party is a provider above the hub or a client below.
type Party struct {
	Kind    string `json:"kind"` // provider or client
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`    // empty: the configuration has it no more
	Address string `json:"address,omitempty"` // where it is told now, or the provider's issuer
}

// The kinds of parties.
const (
	ProviderParty = "provider"
	ClientParty   = "client"
)

// Attempt is one try to tell a party. One without status, error and time took is
// under way, or the hub ended before it did.
type Attempt struct {
	At     time.Time    `json:"at"`
	TookMS Milliseconds `json:"took_ms,omitempty"`
	Status int          `json:"status,omitempty"`
	Error  string       `json:"error,omitempty"`
}

// Milliseconds is a duration to the microsecond.
type Milliseconds float64

// Duration is the same as Go counts it.
func (m Milliseconds) Duration() time.Duration {
	return time.Duration(float64(m) * float64(time.Millisecond))
}

func milliseconds(d time.Duration) Milliseconds {
	if d <= 0 {
		return 0
	}
	return Milliseconds(max(d.Microseconds(), 1)) / 1000
}

// Logouts is one page of a pool's logouts, the newest first.
type Logouts struct {
	Logouts []Logout `json:"logouts"`
	Next    string   `json:"next,omitempty"` // a page may be short, and have a next one
}

// LogoutFilter chooses logouts; an empty field chooses all.
type LogoutFilter struct {
	User   string // name or sub
	Client string // one that had to hear of it
	Open   bool
	Watch  bool // asked again and again, which the log is spared
}

func listLogouts(_ *api, q *request) (any, error) {
	values, err := q.query("user", "client", "open", "watch", "after", "limit")
	if err != nil {
		return nil, err
	}
	n, err := limit(values["limit"])
	if err != nil {
		return nil, err
	}
	filter := logout.Filter{Client: values["client"]}
	if filter.Open, err = flag(values, "open"); err != nil {
		return nil, err
	}
	if watch, err := flag(values, "watch"); err != nil {
		return nil, err
	} else if watch {
		middleware.EventFrom(q.Context()).Quiet()
	}
	u, unknown := (*hub.User)(nil), error(nil)
	if filter.Sub = values["user"]; filter.Sub != "" {
		if u, unknown = directory.Get(q.Context(), q.pool, filter.Sub); unknown == nil {
			filter.Sub = u.Sub
		} else if !errors.Is(unknown, directory.ErrNoUser) {
			return nil, unknown
		}
	}
	list := fmt.Sprintf("logouts/%q/%q/%t", filter.Sub, filter.Client, filter.Open)
	after, err := q.open(list, values["after"])
	if err != nil {
		return nil, err
	}
	found, next, err := logout.List(q.Context(), q.pool, filter, after, n)
	if err != nil {
		return nil, err
	}
	if unknown != nil && len(found) == 0 {
		return nil, unknown // and not the sub of somebody who is gone
	}
	page := &Logouts{Logouts: []Logout{}, Next: q.seal(list, next)}
	names := map[string]string{}
	for _, l := range found {
		if _, asked := names[l.Sub]; !asked {
			if names[l.Sub], err = username(q.Context(), q.pool, l.Sub); err != nil {
				return nil, err
			}
		}
		page.Logouts = append(page.Logouts, told(q.pool, l, names[l.Sub]))
	}
	return page, nil
}

func getLogout(_ *api, q *request) (any, error) {
	part := q.names["logout"]
	if len(part) < logout.MinPart {
		return nil, invalid("id", "Of a logout's id at least %d characters are needed.", logout.MinPart)
	}
	l, err := logout.Named(q.Context(), q.pool, part)
	if errors.Is(err, logout.ErrAmbiguous) {
		return nil, &Error{Status: http.StatusConflict, Code: "ambiguous", Message: "More than one of the latest logouts has this in its id; give more of it."}
	}
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, &Error{Status: http.StatusNotFound, Code: "no_such_logout", Message: "No logout is kept under that id."}
	}
	name, err := username(q.Context(), q.pool, l.Sub)
	if err != nil {
		return nil, err
	}
	answer := told(q.pool, l, name)
	answer.Page, err = logout.Pass{Logout: l.ID, Details: true}.URL(q.pool)
	return &answer, err
}

// username is the name of a user by sub; empty if the user is gone.
func username(ctx context.Context, p *hub.Pool, sub string) (string, error) {
	u, err := directory.Get(ctx, p, sub)
	if errors.Is(err, directory.ErrNoUser) || err == nil && u.Sub != sub {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return u.Username, nil
}

func told(p *hub.Pool, l *hub.Logout, username string) Logout {
	answer := Logout{
		ID: l.ID, Pool: p.Name, Begun: l.Begun, Closed: l.Closed, Open: l.Open(), Deadline: l.Deadline, TookMS: milliseconds(l.Took(p.Now())),
		Cause: string(l.Cause), By: l.By, Address: l.Address, RequestID: l.RequestID, Sub: l.Sub, Username: username, Provider: l.Provider,
		Hops: []Hop{},
	}
	for i := range l.Hops {
		h := &l.Hops[i]
		hop := Hop{Party: party(p, h), Channel: string(h.Channel), Outcome: string(h.Outcome), Note: h.Note, Next: h.Next, Done: h.Done}
		for _, a := range h.Attempts {
			hop.Attempts = append(hop.Attempts, Attempt{At: a.At, TookMS: milliseconds(a.Took), Status: a.Status, Error: a.Error})
		}
		answer.Hops = append(answer.Hops, hop)
	}
	return answer
}

func party(p *hub.Pool, h *hub.Hop) Party {
	if h.Provider != "" {
		to := Party{Kind: ProviderParty, ID: h.Provider}
		if pr, ok := p.Provider(h.Provider); ok {
			to.Name, to.Address = pr.Name, pr.Upstream.Issuer()
		}
		return to
	}
	to := Party{Kind: ClientParty, ID: h.ClientID}
	if c, ok := p.Client(h.ClientID); ok {
		to.Name, to.Address = c.Name, c.BackchannelLogoutURI
		if h.Channel == hub.FrontChannel {
			to.Address = c.FrontchannelLogoutURI
		}
	}
	return to
}
