package hub

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Bounds of the claim sets that a pool keeps.
const (
	SampleMost  = 500                 // of one provider
	SampleLife  = 30 * 24 * time.Hour // the longest
	sampleAgain = time.Hour           // between two of one person with the same outcome
	samplePause = 10 * time.Second    // between two of one provider, once its slots could be full
)

// Sampling says how many claim sets of a provider are kept, and for how long; no
// Keep is none.
type Sampling struct {
	Keep int
	For  time.Duration
}

// ClaimSet is what a provider said of a person at one sign-in, for trying a
// changed mapping on: never a token, and without what looks like a secret.
type ClaimSet struct {
	Time    time.Time      `json:"time"`
	Issuer  string         `json:"issuer"`
	Subject string         `json:"subject"`
	Client  string         `json:"client"`
	Reason  string         `json:"reason,omitempty"` // why the sign-in stopped; empty: the person came in
	Claims  map[string]any `json:"claims"`
	LeftOut []string       `json:"left_out,omitempty"` // claims that are not kept, by name
}

// Link is the identity that the claims are about.
func (s *ClaimSet) Link(pr *Provider) Link {
	return Link{Provider: pr.Name, Issuer: s.Issuer, Subject: s.Subject, Type: pr.Type}
}

// person is the identity in the length of a slot.
func (s *ClaimSet) person(pr *Provider) [sha256.Size]byte {
	return sha256.Sum256([]byte(s.Link(pr).Key()))
}

// Sample is a sealed ClaimSet in a slot. A provider has a fixed number of slots,
// so what is kept does not grow, and one more sign-in costs one key: there is no
// index, not even of when they expire.
type Sample struct {
	ID      string    `json:"id"`
	Expires time.Time `json:"expires"`
	Box     []byte    `json:"box"`
}

// SampleSlots are the claim sets of a pool.
var SampleSlots = store.Collection[Sample]{
	Name: "sample",
	ID:   func(s *Sample) string { return s.ID },
}

func sampleID(provider string, slot int) string {
	return fmt.Sprintf("%s/%03d", url.PathEscape(provider), slot)
}

// place is the provider and slot of an id; false for anything else.
func place(id string) (provider string, slot int, ok bool) {
	name, number, _ := strings.Cut(id, "/")
	slot, err := strconv.Atoi(number)
	if provider, escape := url.PathUnescape(name); err == nil && escape == nil {
		return provider, slot, slot >= 0 && slot < SampleMost
	}
	return "", 0, false
}

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

// ClaimSets are what is kept of a provider, one set for each person, the newest
// first.
func (p *Pool) ClaimSets(ctx context.Context, provider string) (sets []ClaimSet, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		sets = nil
		return eachSample(tx, url.PathEscape(provider)+"/", func(sample *Sample) {
			if !tx.Now.Before(sample.Expires) {
				return
			}
			if set, err := openSample(p.Secrets.Samples, sample); err == nil {
				sets = append(sets, *set)
			}
		})
	})
	slices.SortStableFunc(sets, func(a, b ClaimSet) int { return b.Time.Compare(a.Time) })
	seen := map[Link]bool{}
	return slices.DeleteFunc(sets, func(set ClaimSet) bool {
		who := Link{Issuer: set.Issuer, Subject: set.Subject}
		again := seen[who]
		seen[who] = true
		return again
	}), err
}

func openSample(box *seal.Sealer, sample *Sample) (*ClaimSet, error) {
	plain, err := box.Open(sample.Box, []byte(sample.ID))
	if err != nil {
		return nil, err
	}
	set := &ClaimSet{}
	decoder := json.NewDecoder(bytes.NewReader(plain))
	decoder.UseNumber() // as exact as it came
	return set, decoder.Decode(set)
}

func eachSample(tx *store.Tx, prefix string, visit func(*Sample)) error {
	for after := ""; ; {
		page, next, err := SampleSlots.List(tx, "", prefix, store.Page{After: after, Limit: 200})
		if err != nil {
			return err
		}
		for _, sample := range page {
			visit(sample)
		}
		if next == "" {
			return nil
		}
		after = next
	}
}

// trimSamples removes what has expired, and what the configuration keeps no more.
func trimSamples(ctx context.Context, p *Pool) (removed int, err error) {
	var over []string
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		over = nil
		return eachSample(tx, "", func(sample *Sample) {
			name, at, ok := place(sample.ID)
			pr, known := p.Provider(name)
			if !ok || !known || at >= pr.Samples.Keep || !tx.Now.Before(sample.Expires) || tx.Now.Add(pr.Samples.For).Before(sample.Expires) {
				over = append(over, sample.ID)
			}
		})
	})
	for batch := range slices.Chunk(over, sweepBatch) {
		if err != nil {
			break
		}
		err = p.Space.Update(ctx, func(tx *store.Tx) error {
			for _, id := range batch {
				if err := SampleSlots.Delete(tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		removed += len(batch)
	}
	return removed, err
}
