package admin_test

import (
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/signin"
)

func TestTracesAreListedNewestFirst(t *testing.T) {
	r := newRig(t)
	var ids []string
	for range 5 {
		ids = append([]string{r.stop(t, r.Pool, "redirect_uri", "https://evil.example/")}, ids...)
		r.Advance(time.Minute)
	}
	r.stop(t, r.Pool, "client_id", "nobody")
	var got []string
	for after := ""; ; {
		page, err := r.client.Traces(t.Context(), "master", signin.TraceFilter{Reason: signin.RedirectMismatch}, after, 2)
		if err != nil || len(got) > 5 {
			t.Fatal(got, err)
		}
		for _, trace := range page.Traces {
			got = append(got, trace.ID)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if len(got) != len(ids) {
		t.Fatalf("listed %q, want %q", got, ids)
	}
	for i := range ids {
		if got[i] != ids[i] {
			t.Errorf("listed %q, want %q", got, ids)
			break
		}
	}
	if page, err := r.client.Traces(t.Context(), "master", signin.TraceFilter{Client: "nobody"}, "", 0); err != nil || len(page.Traces) != 0 {
		t.Errorf("of a client that does not exist: %+v, %v", page, err)
	}
}

func TestTraceTellsOfOthersAlike(t *testing.T) {
	r := newRig(t)
	first := r.Now()
	for range 3 {
		r.stop(t, r.Pool, "redirect_uri", "https://evil.example/")
		r.Advance(time.Hour)
	}
	r.stop(t, r.Pool, "client_id", "nobody")
	id := r.stop(t, r.Pool, "redirect_uri", "https://evil.example/")
	trace, err := r.client.Trace(t.Context(), "master", id)
	if err != nil {
		t.Fatal(err)
	}
	if trace.ID != id || trace.Reason != string(signin.RedirectMismatch) || trace.Why == "" || trace.Mend == "" || len(trace.Steps) == 0 {
		t.Errorf("trace %+v", trace)
	}
	if a := trace.Alike; a.Others != 3 || !a.First.Equal(first) || !a.Last.Equal(first.Add(2*time.Hour)) {
		t.Errorf("alike %+v, the first was at %s", a, first)
	}
	r.Advance(hub.TraceLife)
	if _, err := r.client.Trace(t.Context(), "master", id); code(err) != "no_such_trace" {
		t.Errorf("after 30 days: %v", err)
	}
}
