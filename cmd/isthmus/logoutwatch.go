package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// watchPause lies between two looks, and watchMargin is how long a transaction
// may take from its time to its commit without being overlooked.
const (
	watchPause  = 200 * time.Millisecond
	watchMargin = 2 * time.Second
)

// logoutEvent is one line of the watch.
type logoutEvent struct {
	Time     time.Time          `json:"time"`
	Event    string             `json:"event"` // begun, known: a hop's outcome, or closed
	Pool     string             `json:"pool"`
	Logout   string             `json:"logout"`
	Sub      string             `json:"sub"`
	Username string             `json:"username,omitempty"`
	Cause    string             `json:"cause"`
	By       string             `json:"by,omitempty"`
	AfterMS  admin.Milliseconds `json:"after_ms"` // since it began
	Hop      *admin.Hop         `json:"hop,omitempty"`

	logout admin.Logout
}

// The values of logoutEvent.Event.
const (
	logoutBegun  = "begun"
	logoutKnown  = "known"
	logoutClosed = "closed"
)

func logoutWatchCommand() *cobra.Command {
	var v logoutVerb
	c := v.command(&cobra.Command{
		Use:   "watch",
		Short: "Watch logouts as they happen, until interrupted",
		Long: `Watch logouts as they happen: a line when one begins, when it is known what came of
telling a party, and when that is known of all. It looks at a hub that runs, and
ends when it is interrupted.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := v.running(c.Context())
			if errors.Is(err, admin.ErrNoServer) {
				return fmt.Errorf("%w; a watch needs a hub that runs (isthmus serve), and isthmus logout list reads the store of one that has ended", err)
			}
			if err != nil {
				return err
			}
			defer client.Close()
			pools, err := v.pools(c.Context(), client)
			if err != nil {
				return refused(err)
			}
			err = v.watch(c, client, pools)
			if c.Context().Err() != nil {
				return nil // interrupted
			}
			return err
		},
	})
	c.Flags().BoolVar(&v.json, "json", false, "one JSON object per line")
	return c
}

// watch looks until its context ends, or the hub does.
func (v *logoutVerb) watch(c *cobra.Command, client *admin.Client, pools []string) error {
	watchers := make([]*logoutWatcher, len(pools))
	for i, pool := range pools {
		watchers[i] = &logoutWatcher{client: client, pool: pool}
	}
	for first := true; ; first = false {
		begun := time.Now()
		var events []logoutEvent
		for _, w := range watchers {
			found, err := w.look(c.Context())
			if err != nil {
				return err
			}
			events = append(events, found...)
		}
		if first {
			events = nil // it was there before
			fmt.Fprintf(c.ErrOrStderr(), "Watching the logouts of %s; an interrupt ends it.\n", strings.Join(pools, ", "))
		}
		slices.SortStableFunc(events, func(a, b logoutEvent) int { return a.Time.Compare(b.Time) })
		for _, e := range events {
			if err := v.tell(c.OutOrStdout(), e, len(pools) > 1); err != nil {
				return err
			}
		}
		select {
		case <-c.Context().Done():
			return nil
		case <-time.After(max(watchPause, 4*time.Since(begun))): // a busy hub is looked at less
		}
	}
}

func (v *logoutVerb) tell(w io.Writer, e logoutEvent, several bool) error {
	if v.json {
		return json.NewEncoder(w).Encode(e)
	}
	text, p := "", painted(w)
	switch e.Event {
	case logoutBegun:
		text = fmt.Sprintf("· %s is signed out: %s; %s", who(e.logout), because(e.logout), toTell(e.logout))
	case logoutKnown:
		name := plain(e.Hop.Party.ID)
		if e.Hop.Channel != "" {
			name += "  " + channel(*e.Hop)
		}
		text = fmt.Sprintf("%s %s  %s", p.hop(e.Hop.Outcome), name, outcome(*e.Hop, e.logout, e.Time))
	case logoutClosed:
		know, all := counted(e.logout)
		mark := p.good()
		if know < all {
			mark = p.caution()
		}
		text = mark + " " + summary(e.logout)
	}
	id := shortID(e.Logout)
	if several {
		id = plain(e.Pool) + " " + id
	}
	if e.Event == logoutBegun {
		text = plain(text)
	}
	_, err := fmt.Fprintf(w, "%s  %s  %s\n", stamp(e.Time, "15:04:05.000"), id, text)
	return err
}

func toTell(l admin.Logout) string {
	_, all := counted(l)
	switch all {
	case 0:
		return "nobody has to hear of it"
	case 1:
		return "one has to hear of it"
	}
	return fmt.Sprintf("%d have to hear of it", all)
}

// logoutWatcher finds what has changed in a pool's logouts since it looked last.
type logoutWatcher struct {
	client *admin.Client
	pool   string
	known  map[string]admin.Logout // that were open at the last look, or had just begun
	since  time.Time               // what had begun before is known
}

// look reports what has changed: of all, at the first look.
func (w *logoutWatcher) look(ctx context.Context) ([]logoutEvent, error) {
	begun := time.Now()
	if w.since.IsZero() {
		w.since = begun
	}
	horizon := w.since.Add(-watchMargin)
	now := map[string]admin.Logout{}
	if err := w.read(ctx, admin.LogoutFilter{Watch: true}, now, horizon); err != nil {
		return nil, err
	}
	if err := w.read(ctx, admin.LogoutFilter{Open: true, Watch: true}, now, time.Time{}); err != nil {
		return nil, err
	}
	for id, l := range w.known {
		if _, seen := now[id]; seen || !l.Open {
			continue
		}
		l, err := w.client.Logout(ctx, w.pool, id) // it has closed meanwhile
		if e, ok := errors.AsType[*admin.Error](err); ok && e.Code == "no_such_logout" {
			continue // and grown old
		}
		if err != nil {
			return nil, err
		}
		now[id] = l
	}
	var events []logoutEvent
	for id, l := range now {
		before, seen := w.known[id]
		events = append(events, changes(before, l, seen)...)
	}
	slices.SortFunc(events, func(a, b logoutEvent) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Logout, b.Logout), slices.Index(eventOrder, a.Event)-slices.Index(eventOrder, b.Event))
	})
	w.known, w.since = now, begun
	return events, nil
}

var eventOrder = []string{logoutBegun, logoutKnown, logoutClosed}

// read collects the logouts that a filter chooses, back to the horizon.
func (w *logoutWatcher) read(ctx context.Context, f admin.LogoutFilter, into map[string]admin.Logout, horizon time.Time) error {
	for after, limit := "", 100; ; limit = 1000 {
		page, err := w.client.Logouts(ctx, w.pool, f, after, limit)
		if err != nil {
			return err
		}
		for _, l := range page.Logouts {
			if l.Begun.Before(horizon) {
				return nil
			}
			into[l.ID] = l
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// changes are the events that lead from one state of a logout to another.
func changes(before, now admin.Logout, seen bool) (events []logoutEvent) {
	event := func(name string, at time.Time, h *admin.Hop) {
		events = append(events, logoutEvent{
			Time: at, Event: name, Pool: now.Pool, Logout: now.ID, Sub: now.Sub, Username: now.Username, Cause: now.Cause, By: now.By,
			AfterMS: admin.Milliseconds(at.Sub(now.Begun).Microseconds()) / 1000, Hop: h, logout: now,
		})
	}
	if !seen {
		event(logoutBegun, now.Begun, nil)
	}
	for i := range now.Hops {
		h := &now.Hops[i]
		waited := !seen || i < len(before.Hops) && before.Hops[i].Outcome == string(hub.Waiting)
		if waited && h.Outcome != string(hub.Waiting) {
			event(logoutKnown, h.Done, h)
		}
	}
	if !now.Open && (!seen || before.Open) {
		event(logoutClosed, now.Closed, nil)
	}
	return events
}
