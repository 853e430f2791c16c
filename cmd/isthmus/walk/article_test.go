package walk_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/isthmus-hub/isthmus/web/bearer"
)

// TestArticles runs the scripts in testdata/article, each with a free address in
// $HUB. Beside the commands of testscript there are:
//
//	serve FILE                runs a hub by a configuration file; variables in it are replaced
//	signin URL NAME…          a person opens a URL and signs in where she is asked to; of what the
//	                          app is called back with, each parameter that is named goes to the
//	                          variable of its name in capitals
//	member FILE NAME VAR      a member of a JSON object goes to a variable
//	members FILE NAME…        a JSON object has these members, in any order, and no other
//	claims VAR FILE…          the token in a variable has the claims in the files, and no
//	                          other; a text that begins with ~ is a pattern
//	protect ISSUER CLIENT SCOPE
//	                          puts a guard in front of an API at $API
func TestArticles(t *testing.T) {
	program(t, "curl", "curl")
	modules := modules(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/article",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NODE_PATH", modules)
			env.Setenv("HUB", free())
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serve, "signin": signIn, "member": member, "members": members, "claims": claims, "protect": protect,
		},
	})
}

func serve(ts *testscript.TestScript, _ bool, args []string) {
	stop, err := startHub(ts.MkAbs(args[0]), ts.Getenv)
	ts.Check(err)
	ts.Defer(func() {
		if err := stop(); err != nil {
			ts.Logf("stopping: %v", err)
		}
	})
}

func signIn(ts *testscript.TestScript, _ bool, args []string) {
	ana, err := newPerson(username, "")
	ts.Check(err)
	end, err := ana.visit(args[0])
	ts.Check(err)
	if end.Text != "" {
		ts.Fatalf("the app is not called back; the last page has %s", end.Text)
	}
	back, err := url.Parse(end.End)
	ts.Check(err)
	for _, name := range args[1:] {
		if !back.Query().Has(name) {
			ts.Fatalf("%s is missing in %s", name, back)
		}
		ts.Setenv(strings.ToUpper(name), back.Query().Get(name))
	}
}

// object reads a file of one JSON object.
func object(ts *testscript.TestScript, file string) map[string]any {
	o := map[string]any{}
	text := ts.ReadFile(file)
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		ts.Fatalf("%s: %v\n%s", file, err, text)
	}
	return o
}

func member(ts *testscript.TestScript, _ bool, args []string) {
	o := object(ts, args[0])
	text, ok := o[args[1]].(string)
	if !ok {
		ts.Fatalf("%s is %v", args[1], o[args[1]])
	}
	ts.Setenv(args[2], text)
}

func members(ts *testscript.TestScript, _ bool, args []string) {
	var names []string
	for name := range object(ts, args[0]) {
		names = append(names, name)
	}
	slices.Sort(names)
	want := slices.Sorted(slices.Values(args[1:]))
	if !slices.Equal(names, want) {
		ts.Fatalf("%s has %q, want %q", args[0], names, want)
	}
}

func claims(ts *testscript.TestScript, _ bool, args []string) {
	parts := strings.Split(ts.Getenv(args[0]), ".")
	if len(parts) != 3 {
		ts.Fatalf("%s is no token", args[0])
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	ts.Check(err)
	got := map[string]any{}
	ts.Check(json.Unmarshal(payload, &got))
	for _, file := range args[1:] {
		for name, want := range object(ts, file) {
			value, ok := got[name]
			if !ok {
				ts.Fatalf("%s is missing in %s", name, payload)
			}
			if !alike(want, value) {
				ts.Fatalf("%s is %v, want %v", name, value, want)
			}
			delete(got, name)
		}
	}
	if len(got) > 0 {
		ts.Fatalf("the token has more claims: %v", got)
	}
}

// alike compares two values of JSON; a text that begins with ~ is a pattern for
// the value as JSON writes it, less the quotation marks.
func alike(want, got any) bool {
	if pattern, ok := want.(string); ok && strings.HasPrefix(pattern, "~") {
		text, _ := json.Marshal(got) // it came out of JSON
		return regexp.MustCompile("^(" + pattern[1:] + ")$").MatchString(strings.Trim(string(text), `"`))
	}
	return fmt.Sprintf("%T %[1]v", want) == fmt.Sprintf("%T %[1]v", got)
}

// protect serves the API of an article behind the guard that the hub's users
// have for it. It takes tokens as apps for Amazon's API Gateway send them.
func protect(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithCancel(context.Background())
	guard, err := bearer.New(ctx, args[0], bearer.Config{Clients: []string{args[1]}, RawToken: true})
	ts.Check(err)
	api := httptest.NewServer(guard.Require(args[2])(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"statusCode": 200, "message": "Hello from behind the guard"}`))
	})))
	ts.Defer(func() { cancel(); api.Close() })
	ts.Setenv("API", api.URL)
}
