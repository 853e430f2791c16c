package token

import (
	"cmp"
	"slices"
	"time"
)

// Rotation says when keys change. Every duration is counted by the clock whose readings are given to Plan.
type Rotation struct {
	Algorithms []Algorithm   // what the ring has to sign with, the default first; keys of others are retired
	Every      time.Duration // how long a key signs; 0: until somebody adds the next one
	Ahead      time.Duration // how long a key is published before it signs: at least as long as clients keep the JWKS
	Keep       time.Duration // how long a retired key stays published: at least the longest life of a token; see Key.Keep
}

// Plan is what rotation wants done.
type Plan struct {
	Keys     []*Key      // the keys as they shall be, new copies; without those that have had their time
	Generate []Algorithm // make a key of each, with state Next, and plan again
	Changed  bool        // Keys differ from what was given
	Again    time.Time   // when the next change is due; zero: none is
}

// Plan applies the rotation to a pool's keys at the time now. It is a pure function, and calling it again at the same time changes
// nothing more. For each algorithm:
//
//   - without an active key, the oldest Next one signs at once: this is how a pool starts, and how it goes on when a key was withdrawn;
//   - a Next key signs when it has been published, and the key before it has signed, for Ahead; then the key before it retires;
//   - when the active key has less than Ahead of its time left and no successor, one is asked for;
//   - a Retired key leaves when the longest Keep that it signed under is over: its tokens do not get shorter when Keep does.
//
// A Next key whose Created is unset has been published from now on.
func (r Rotation) Plan(keys []*Key, now time.Time) Plan {
	p := Plan{}
	for _, k := range keys {
		p.Keys = append(p.Keys, new(*k))
	}
	for _, k := range p.Keys {
		if k.Created.IsZero() {
			k.Created, p.Changed = now, true
		}
		if k.State != Retired && !slices.Contains(r.Algorithms, k.Algorithm) {
			k.retire(now)
			p.Changed = true
		}
	}
	for _, a := range r.Algorithms {
		r.turn(&p, a, now)
	}
	p.Keys = slices.DeleteFunc(p.Keys, func(k *Key) bool {
		if k.State == Active && k.Keep < r.Keep {
			k.Keep, p.Changed = r.Keep, true
		}
		gone := k.State == Retired && p.due(k.Retired.Add(cmp.Or(k.Keep, r.Keep)), now)
		p.Changed = p.Changed || gone
		return gone
	})
	// The ring's default is the first active key: that of the first algorithm.
	slices.SortStableFunc(p.Keys, func(a, b *Key) int {
		return cmp.Compare(uint(slices.Index(r.Algorithms, a.Algorithm)), uint(slices.Index(r.Algorithms, b.Algorithm)))
	})
	return p
}

// turn moves the keys of one algorithm on.
func (r Rotation) turn(p *Plan, a Algorithm, now time.Time) {
	var active, next *Key
	for _, k := range p.Keys {
		switch {
		case k.Algorithm != a:
		case k.State == Active && active == nil:
			active = k
		case k.State == Active: // two, by somebody's hand: the newer one stays
			if k.Activated.After(active.Activated) {
				active, k = k, active
			}
			k.retire(now)
			p.Changed = true
		case k.State == Next && (next == nil || k.Created.Before(next.Created)):
			next = k
		}
	}
	switch {
	case active == nil && next == nil:
		p.Generate = append(p.Generate, a)
	case active == nil:
		next.activate(now)
		p.Changed = true
		r.turn(p, a, now)
	case next != nil:
		if p.due(later(next.Created, active.Activated).Add(r.Ahead), now) {
			active.retire(now)
			next.activate(now)
			p.Changed = true
			r.turn(p, a, now)
		}
	case r.Every > 0 && p.due(active.Activated.Add(r.Every-r.Ahead), now):
		p.Generate = append(p.Generate, a)
	}
}

// due reports whether the time has come, and else remembers it as one to plan again.
func (p *Plan) due(at, now time.Time) bool {
	if !now.Before(at) {
		return true
	}
	if p.Again.IsZero() || at.Before(p.Again) {
		p.Again = at
	}
	return false
}

func (k *Key) activate(now time.Time) { k.State, k.Activated = Active, now }

func (k *Key) retire(now time.Time) { k.State, k.Retired = Retired, now }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
