package hub

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Samples knows in memory whose claims each slot holds, so that a sign-in finds
// its slot, or that there is nothing to keep, without asking the store.
type Samples struct {
	mu    sync.Mutex
	rings map[string]*ring // by provider
}

type ring struct {
	slots   []slot
	limiter *rate.Limiter
}

// slot is free while its time is zero.
type slot struct {
	person  [sha256.Size]byte
	time    time.Time
	stopped bool
}

// OpenSamples takes up what is kept in a pool's part of the store. Claims that
// cannot be opened any more leave their slot free.
func OpenSamples(ctx context.Context, space *store.Space, box *seal.Sealer) (*Samples, error) {
	s := &Samples{}
	err := space.View(ctx, func(tx *store.Tx) error {
		s.rings = map[string]*ring{}
		return eachSample(tx, "", func(sample *Sample) {
			name, at, ok := place(sample.ID)
			if !ok || !tx.Now.Before(sample.Expires) {
				return
			}
			set, err := openSample(box, sample)
			if err != nil {
				return
			}
			r := s.ring(name, at+1)
			r.slots[at] = slot{set.person(&Provider{Name: name}), set.Time, set.Reason != ""}
		})
	})
	return s, err
}

// ring is a provider's, with at least n slots.
func (s *Samples) ring(provider string, n int) *ring {
	r := s.rings[provider]
	if r == nil {
		r = &ring{}
		s.rings[provider] = r
	}
	for len(r.slots) < n {
		r.slots = append(r.slots, slot{})
	}
	return r
}

// Draft seals a claim set for the slot that it belongs to: the person's own, a
// free one, or the oldest. Nil means that there is nothing to write: the provider
// keeps none, the person's claims of within the hour are there, or many people
// come at once and enough is kept. Whoever gets a sample puts it into the
// transaction of the sign-in.
func (s *Samples) Draft(p *Pool, pr *Provider, set ClaimSet) *Sample {
	if s == nil || pr.Samples.Keep < 1 {
		return nil
	}
	at, ok := s.claim(pr, set.person(pr), set.Time, set.Reason != "", -1)
	if !ok {
		return nil
	}
	return sealed(p, pr, set, at)
}

// Redraft is Draft for a sign-in that turned out otherwise than drafted; what was
// drafted, if anything, has not been written.
func (s *Samples) Redraft(p *Pool, pr *Provider, set ClaimSet, drafted *Sample) *Sample {
	if drafted == nil {
		return s.Draft(p, pr, set)
	}
	_, at, _ := place(drafted.ID)
	s.claim(pr, set.person(pr), set.Time, set.Reason != "", at)
	return sealed(p, pr, set, at)
}

func sealed(p *Pool, pr *Provider, set ClaimSet, at int) *Sample {
	set.Claims, set.LeftOut = redacted(set.Claims)
	plain, err := json.Marshal(set)
	if err != nil {
		return nil // claims came as JSON, so this is one that we could not read back
	}
	id := sampleID(pr.Name, at)
	return &Sample{ID: id, Expires: set.Time.Add(pr.Samples.For), Box: p.Secrets.Samples.Seal(plain, []byte(id))}
}

// claim finds the slot of a person, or notes the one that was claimed a moment
// ago.
func (s *Samples) claim(pr *Provider, person [sha256.Size]byte, now time.Time, stopped bool, claimed int) (at int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.ring(pr.Name, pr.Samples.Keep)
	r.slots = r.slots[:pr.Samples.Keep]
	if r.limiter == nil || r.limiter.Burst() != pr.Samples.Keep {
		r.limiter = rate.NewLimiter(rate.Every(samplePause), pr.Samples.Keep)
	}
	if claimed >= 0 && claimed < len(r.slots) {
		r.slots[claimed] = slot{person, now, stopped}
		return claimed, true
	}
	for i := range r.slots {
		if have := &r.slots[i]; have.person == person && !have.time.IsZero() {
			if have.stopped == stopped && now.Sub(have.time) < sampleAgain {
				return 0, false
			}
			at = i
			break
		}
		if r.slots[i].time.Before(r.slots[at].time) {
			at = i
		}
	}
	if !r.limiter.AllowN(now, 1) {
		return 0, false
	}
	r.slots[at] = slot{person, now, stopped}
	return at, true
}

// ForgetSamples removes what is kept of a user's identities, in the transaction
// that removes the user.
func (p *Pool) ForgetSamples(tx *store.Tx, u *User) error {
	for _, id := range p.Samples.of(u) {
		if err := SampleSlots.Delete(tx, id); err != nil {
			return err
		}
	}
	return nil
}

func (s *Samples) of(u *User) (ids []string) {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range u.Links {
		r := s.rings[l.Provider]
		if r == nil {
			continue
		}
		person := sha256.Sum256([]byte(l.Key()))
		for i := range r.slots {
			if r.slots[i].person == person && !r.slots[i].time.IsZero() {
				ids = append(ids, sampleID(l.Provider, i))
			}
		}
	}
	return ids
}
