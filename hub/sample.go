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
	"time"

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
