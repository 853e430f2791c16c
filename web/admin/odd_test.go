package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/web/admin"
)

func TestA168_OddPaths(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{
		"/", "//pools", "/pools/", "/pools/../pools", "/pools//users", "/pools/master/users/", "/pools/master/users/%00", "/pools/%00/users",
		"/pools/master/users/..%2f..%2fkeys", "/pools/master/users/../keys", "/pools/master/users/ana/../../keys", "/pools/master%2fusers",
		"/pools/master/users/ana%2f", "/pools/master/users/ana/", "/pools/MASTER/users", "/pools/master/users/%ff%fe", "/pools/master/traces/..",
		"/pools/master/traces/%20", "/pools/master/users/" + strings.Repeat("x", 10_000), "/pools/master/users/" + strings.Repeat("x", 20_000),
		"/pools/master/logouts/", "/pools/master/logouts/..", "/pools/master/logouts/%00%00%00%00%00%00", "/pools/master/logouts/" + strings.Repeat("x", 10_000),
		"/pools/master/logouts/..%2f..%2fkeys", "/pools/master/users/ana%00", "/pools/master/users/local%2fana", "/etc/passwd", "/pools/.", "/reload/",
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"} {
			status, _, text := r.send(t, method, path, "")
			switch status {
			case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestURITooLong:
			default:
				t.Errorf("%s %.60q: %d %s", method, path, status, text)
			}
		}
	}
	if u := r.User(r.Pool, hubtest.Username); u == nil || u.Disabled {
		t.Error("something was done")
	}
}

// FuzzA165_Bodies: an operation without fields takes no body but none and the
// empty object, and answers everything else with 400 in JSON.
func FuzzA165_Bodies(f *testing.F) {
	for _, body := range []string{"", " ", "{}", " {\n} ", `{"now":true}`, `{"a":{"b":[1,2]}}`, "null", "[]", "{}{}", "{", "\xff", `{"":1}`, `{"a":1,"a":1}`} {
		f.Add([]byte(body))
	}
	done := false
	handler := admin.New(admin.Options{
		Pools: func() []*hub.Pool { return nil }, Audit: func(hub.Event) error { return nil },
		Reload: func(context.Context) ([]string, error) { done = true; return nil, nil },
	})
	client := &http.Client{Transport: admin.LocalTransport(handler)}
	f.Fuzz(func(t *testing.T, body []byte) {
		done = false
		q, err := http.NewRequestWithContext(t.Context(), "POST", "http://isthmus/reload", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/json")
		res, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var answer map[string]any
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			t.Fatalf("the answer to %q is not JSON: %v", body, err)
		}
		blank := strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(string(body))
		want := http.StatusBadRequest
		if strings.TrimSpace(string(body)) == "" || blank == "{}" {
			want = http.StatusOK
		}
		if res.StatusCode != want || done != (want == http.StatusOK) {
			t.Errorf("%q: %d, done %v: %v", body, res.StatusCode, done, answer)
		}
	})
}
