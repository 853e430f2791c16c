package hub_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// sampler keeps claim sets of one provider.
type sampler struct {
	*hubtest.Hub
	t  *testing.T
	pr *hub.Provider
}

func newSampler(t *testing.T, keep int) *sampler {
	t.Helper()
	h := hubtest.New(t)
	pr := &hub.Provider{Name: "Corp/ID", Samples: hub.Sampling{Keep: keep, For: 48 * time.Hour}}
	h.Pool.Providers = append(h.Pool.Providers, pr)
	return &sampler{h, t, pr}
}

// keep reports whether the claims of a person were written.
func (s *sampler) keep(subject, reason string, claims map[string]any) bool {
	s.t.Helper()
	sample := s.Pool.Samples.Draft(s.Pool, s.pr, hub.ClaimSet{
		Time: s.Now(), Issuer: "https://corp.example", Subject: subject, Client: "app", Reason: reason, Claims: claims,
	})
	if sample == nil {
		return false
	}
	if err := s.Pool.Space.Update(s.t.Context(), func(tx *store.Tx) error { return hub.SampleSlots.Put(tx, sample) }); err != nil {
		s.t.Fatal(err)
	}
	return true
}

// subjects are whose claims are kept, the newest first.
func (s *sampler) subjects() string {
	s.t.Helper()
	sets, err := s.Pool.ClaimSets(s.t.Context(), s.pr.Name)
	if err != nil {
		s.t.Fatal(err)
	}
	var list []string
	for _, set := range sets {
		list = append(list, set.Subject)
	}
	return strings.Join(list, " ")
}

func (s *sampler) want(subjects string) {
	s.t.Helper()
	if got := s.subjects(); got != subjects {
		s.t.Errorf("kept are %q, want %q", got, subjects)
	}
}

func TestSamplesAreTheLatest(t *testing.T) {
	s := newSampler(t, 3)
	for _, subject := range []string{"a", "b", "c", "d"} {
		if !s.keep(subject, "", map[string]any{"email": subject + "@corp.example"}) {
			t.Errorf("%s was not kept", subject)
		}
		s.Advance(time.Minute)
	}
	s.want("d c b")
	if s.keep("d", "", nil) {
		t.Error("a second set of one person within the hour")
	}
	if !s.keep("d", "attributes_required", nil) {
		t.Error("a person who is stopped now is not kept")
	}
	s.Advance(time.Hour)
	if !s.keep("b", "", map[string]any{"email": "new@corp.example"}) {
		t.Error("the next hour's set was not kept")
	}
	s.want("b d c")

	// The same from the store alone.
	var err error
	if s.Pool.Samples, err = hub.OpenSamples(t.Context(), s.Pool.Space, s.Pool.Secrets.Samples); err != nil {
		t.Fatal(err)
	}
	if s.keep("b", "", nil) {
		t.Error("after a start it is not known who is kept")
	}
	s.Advance(time.Second)
	s.keep("e", "", nil)
	s.want("e b d")

	// Fewer are wanted; then they are old; then none is wanted.
	s.pr.Samples.Keep = 2
	s.sweep()
	if n := len(strings.Fields(s.subjects())); n != 2 {
		t.Errorf("%d are kept of 2", n)
	}
	s.Advance(49 * time.Hour)
	s.want("")
	if n := s.sweep(); n != 2 {
		t.Errorf("the sweep removed %d", n)
	}
	s.pr.Samples.Keep = 0
	if s.keep("f", "", nil) {
		t.Error("kept, though switched off")
	}
}

func (s *sampler) sweep() int {
	s.t.Helper()
	n, err := hub.Sweep(s.t.Context(), s.Pool)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// TestSamplesUnderLoad: however many people come, the slots do not grow, and few
// sign-ins pay for one.
func TestSamplesUnderLoad(t *testing.T) {
	s := newSampler(t, 10)
	var mu sync.Mutex
	var all sync.WaitGroup
	kept := map[string]int{}
	now := s.Now()
	for i := range 4 {
		all.Go(func() {
			for j := range 500 {
				set := hub.ClaimSet{Time: now.Add(time.Duration(j) * 20 * time.Millisecond), Issuer: "i", Subject: fmt.Sprint(i, j), Claims: map[string]any{}}
				if sample := s.Pool.Samples.Draft(s.Pool, s.pr, set); sample != nil {
					mu.Lock()
					kept[sample.ID]++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	total := 0
	for _, n := range kept {
		total += n
	}
	if len(kept) != 10 || total > 12 {
		t.Errorf("2000 people within ten seconds fill %d slots with %d writes", len(kept), total)
	}
}

// TestA171_SamplesAreSealedAndHoldNoSecret: nothing of a person's claims stands in
// the store as it is, and what looks like a secret is not even sealed.
func TestA171_SamplesAreSealedAndHoldNoSecret(t *testing.T) {
	s := newSampler(t, 3)
	claims := map[string]any{
		"email": "ada.secretive@corp.example", "groups": []any{"payroll-admins"}, "nonce": "n-0815", "sid": "s-4711", "at_hash": "h-4711", "jti": "j-4711",
		"access_token": "tok-1", "client_secret": "sec-1", "Password": "pw-1", "api-key": "key-1",
		"odd":  "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
		"list": []any{"fine", "-----BEGIN PRIVATE KEY-----"},
		"deep": map[string]any{"refresh_token": "tok-2", "city": "Bern", "more": map[string]any{"otp": "123456"}},
		"n":    json.Number("9007199254740993"),
		"huge": strings.Repeat("x", 9000),
	}
	if !s.keep("subject-0815", "", claims) {
		t.Fatal("not kept")
	}
	sets, err := s.Pool.ClaimSets(t.Context(), s.pr.Name)
	if err != nil || len(sets) != 1 {
		t.Fatalf("%d sets, %v", len(sets), err)
	}
	want := map[string]any{
		"email": "ada.secretive@corp.example", "groups": []any{"payroll-admins"}, "list": []any{"fine"}, "n": json.Number("9007199254740993"),
		"deep": map[string]any{"city": "Bern", "more": map[string]any{}},
	}
	if diff := cmp.Diff(want, sets[0].Claims); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Password", "access_token", "api-key", "client_secret", "deep", "huge", "list", "odd"}, sets[0].LeftOut); diff != "" {
		t.Error(diff)
	}
	file, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"ada.secretive", "payroll-admins", "subject-0815", "tok-1", "sec-1", "pw-1", "Bern", "xxxxxxxx"} {
		if bytes.Contains(file, []byte(text)) {
			t.Errorf("the store holds %q", text)
		}
	}
	if claims["deep"].(map[string]any)["refresh_token"] != "tok-2" {
		t.Error("the claims of the sign-in were changed")
	}

	// A box opens in no other slot, and under no other key.
	err = s.Pool.Space.Update(t.Context(), func(tx *store.Tx) error {
		page, _, err := hub.SampleSlots.List(tx, "", "", store.Page{Limit: 10})
		if err != nil {
			return err
		}
		if bytes.Contains(page[0].Box, []byte("corp.example")) {
			t.Error("the box is open")
		}
		page[0].ID = strings.TrimSuffix(page[0].ID, "000") + "001"
		return hub.SampleSlots.Put(tx, page[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	s.want("subject-0815")
	s.Pool.Secrets.Samples = s.Pool.Secrets.Session
	s.want("")
}

// TestSamplesGoWithTheUser: who is deleted leaves no claims behind.
func TestSamplesGoWithTheUser(t *testing.T) {
	s := newSampler(t, 3)
	s.keep("a", "", nil)
	s.keep("b", "", nil)
	u := &hub.User{Links: []hub.Link{{Provider: s.pr.Name, Issuer: "https://corp.example", Subject: "a"}}}
	if err := s.Pool.Space.Update(t.Context(), func(tx *store.Tx) error { return s.Pool.ForgetSamples(tx, u) }); err != nil {
		t.Fatal(err)
	}
	s.want("b")
}
