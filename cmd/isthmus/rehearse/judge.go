package rehearse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/logout/logouttest"
)

// judge watches who learns of a session's end.
type judge struct {
	*world
	session *hub.Session
	held    map[string]*tokens // by client
	began   time.Time
	within  time.Duration
	refused bool // the end did not come about
}

// look is how often the judge looks.
const look = 5 * time.Millisecond

// watch waits until everybody knows who can, or it is too late, or the hub has
// given up; and says of each what came of it.
func (j *judge) watch(ctx context.Context) ([]Party, error) {
	for {
		record, err := j.record(ctx, j.session.ID)
		if err != nil {
			return nil, err
		}
		list := j.tell(record)
		late := time.Since(j.began) > j.within
		switch {
		case record == nil && (j.refused || late):
			return list, ctx.Err() // the session goes on, and what came of it
		case record != nil && (late || !record.Open() || settled(record, list)):
			return list, j.tokens(ctx, list)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(look):
		}
	}
}

// settled tells whether nobody is missed, and every app that is called has
// answered.
func settled(record *hub.Logout, list []Party) bool {
	return !slices.ContainsFunc(list, func(p Party) bool { return p.Telling == Missed }) &&
		!slices.ContainsFunc(record.Hops, func(h hub.Hop) bool { return h.Channel == hub.BackChannel && h.Outcome == hub.Waiting })
}

// tell says of every party what is known now.
func (j *judge) tell(record *hub.Logout) (list []Party) {
	if j.upstream != nil && j.kind != Provider && j.kind != ProviderFront {
		list = append(list, j.provider(record))
	}
	for _, c := range j.clients {
		list = append(list, j.party(c, record))
	}
	return list
}

// alone is why somebody who is told through a browser is not.
const alone = "it is told through a browser only, and none is there"

// party says what is known of a client.
func (j *judge) party(c *config.Client, record *hub.Logout) Party {
	p := Party{Name: c.ID, Telling: Missed}
	back, front := c.BackchannelLogoutURI != "", c.FrontchannelLogoutURI != ""
	switch {
	case j.by == c.ID && !back && !front:
		p.Telling, p.Note = Told, "it asked for it"
	case !back && !front:
		p.Telling, p.Note = Mute, "it has no logout URI"
	case !back && !j.kind.browser():
		p.Telling, p.Note = Mute, alone
	case back:
		p.Channel = string(logouttest.BackChannel)
	default:
		p.Channel = string(logouttest.FrontChannel)
	}
	if hop := j.hop(record, c.ID, p.Channel); hop != nil {
		p.Attempts, p.Outcome = len(hop.Attempts), string(hop.Outcome)
		if p.Telling == Missed {
			p.Note = why(hop)
		}
	}
	if p.Telling == Missed {
		j.heard(&p)
	}
	return p
}

// heard looks for the words that the party took, in time.
func (j *judge) heard(p *Party) {
	by := map[logouttest.Channel]bool{}
	complaint := ""
	for _, word := range j.words(p.Name) {
		switch {
		case word.Problem != nil:
			complaint = "the party says: " + word.Problem.Error()
		case word.SID != hub.SID(j.session.ID, p.Name):
			complaint = "the party says: the sid is not the one of its session"
		case word.SignedOut && word.At.Sub(j.began) <= j.within:
			if by[word.Channel] = true; p.After == nil {
				p.After = new(word.At.Sub(j.began).Seconds())
			}
		}
	}
	switch back, front := by[logouttest.BackChannel], by[logouttest.FrontChannel]; {
	case back && front:
		p.Telling, p.Note, p.Channel = Told, "", "both channels"
	case back:
		p.Telling, p.Note = Told, ""
	case front && p.Channel == string(logouttest.BackChannel):
		p.Telling, p.Note, p.Channel = Told, join("not by back-channel", p.Note), string(logouttest.FrontChannel)
	case front:
		p.Telling, p.Note = Told, ""
	default:
		p.Note = cmp.Or(complaint, p.Note)
	}
}

func (j *judge) words(client string) []logouttest.Word {
	if party, ok := j.parties[client]; ok {
		return party.Words()
	}
	return nil
}

// provider says what is known of the way in.
func (j *judge) provider(record *hub.Logout) Party {
	p := Party{Name: j.way, Provider: true, Channel: string(hub.ByBrowser), Telling: Missed}
	pr, ok := j.pool.Provider(j.way)
	switch {
	case ok && pr.Logout == hub.LogoutNever:
		p.Telling, p.Channel, p.Note = Mute, "", "the file says logout: never"
	case !j.kind.browser():
		p.Telling, p.Channel, p.Note = Mute, "", alone
	}
	var hop *hub.Hop
	if record != nil {
		for i := range record.Hops {
			if record.Hops[i].Provider == j.way {
				hop = &record.Hops[i]
			}
		}
	}
	if hop == nil || p.Telling == Mute {
		return p
	}
	p.Attempts, p.Outcome = len(hop.Attempts), string(hop.Outcome)
	there := len(j.upstream.Sessions(subject)) > 0
	switch took := hop.Done.Sub(record.Begun); {
	case hop.Outcome == hub.Delivered && !there && took <= j.within:
		p.Telling, p.After = Told, new(took.Seconds())
	case hop.Outcome == hub.Delivered && !there:
		p.Note = "the browser came back after " + short(took)
	case !there:
		p.Note = "signed out there, but the browser did not come back"
	case hop.Outcome == hub.GaveUp:
		p.Note = why(hop)
	default:
		p.Note = "the person is still signed in there"
	}
	return p
}

// hop is what the hub's record has of a client, by a channel where it has one.
func (j *judge) hop(record *hub.Logout, client, channel string) *hub.Hop {
	if record == nil {
		return nil
	}
	for i := range record.Hops {
		if h := &record.Hops[i]; h.ClientID == client && (channel == "" || string(h.Channel) == channel) {
			return h
		}
	}
	return nil
}

// why says in a few words what the record knows of a hop that did not get there.
func why(h *hub.Hop) string {
	if n := len(h.Attempts); n > 0 {
		a := h.Attempts[n-1]
		switch {
		case a.Status != 0 && a.Error != "" && !strings.Contains(a.Error, strconv.Itoa(a.Status)):
			return fmt.Sprintf("%d %s", a.Status, a.Error)
		case a.Error != "":
			return a.Error
		case h.Outcome == hub.Waiting:
			return "it has not answered yet"
		}
	}
	return h.Note
}

// tokens tries what the apps hold.
func (j *judge) tokens(ctx context.Context, list []Party) error {
	for i := range list {
		p := &list[i]
		t := j.held[p.Name]
		if p.Provider || t == nil {
			continue
		}
		for _, c := range j.clients {
			if c.ID == p.Name {
				j.try(ctx, p, c, t)
			}
		}
	}
	return ctx.Err()
}

// try tries the tokens of one app. An access token ends with the session; what a
// refresh token does, the file says.
func (j *judge) try(ctx context.Context, p *Party, c *config.Client, t *tokens) {
	if t.userInfo || t.introspected {
		p.Access = Dead
	}
	if t.userInfo && j.userInfo(ctx, t) {
		p.Access, p.Wrong = Alive, append(p.Wrong, "userInfo still takes its access token")
	}
	if t.introspected && j.active(ctx, c, t) {
		p.Access, p.Wrong = Alive, append(p.Wrong, "introspection still calls its access token active")
	}
	if t.Refresh == "" {
		return
	}
	p.Refresh = Dead
	if j.refreshes(ctx, c, t) {
		p.Refresh = Alive
	}
	switch keeps := j.keeps(c); {
	case keeps && p.Refresh == Dead:
		p.Wrong = append(p.Wrong, "its refresh token is dead, though the file says at_logout: keep")
	case !keeps && p.Refresh == Alive:
		p.Wrong = append(p.Wrong, "its refresh token still gives tokens")
	}
}
