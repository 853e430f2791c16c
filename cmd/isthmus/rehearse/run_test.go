package rehearse_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/rehearse"
	"github.com/isthmus-hub/isthmus/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

// load reads a configuration whose secrets stand nowhere.
func load(t *testing.T, path string) *config.Config {
	t.Helper()
	cfg, err := config.Load(path, config.Environment{LookupEnv: func(name string) (string, bool) { return name + "-of-more-than-24-characters", true }})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func rehearsed(t *testing.T, cfg *config.Config, o rehearse.Options) *rehearse.Report {
	t.Helper()
	r, err := rehearse.Run(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// together runs tests that mostly wait, all at once: there are few processors.
func together[T any](t *testing.T, cases []T, name func(T) string, test func(*testing.T, T)) {
	t.Helper()
	var all sync.WaitGroup
	for _, c := range cases {
		all.Go(func() { t.Run(name(c), func(t *testing.T) { test(t, c) }) })
	}
	all.Wait()
}

// table is the report for people, with times replaced and columns drawn together.
func table(r *rehearse.Report) string {
	var b bytes.Buffer
	r.Table(&b, rehearse.Marks{Good: "✓", Caution: "!", Bad: "✗", Neutral: "–"}, func(s string) string { return s })
	text := regexp.MustCompile(`\d+ ms|\d\.\d s`).ReplaceAllString(b.String(), "TIME")
	text = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(text, "ADDRESS")
	return regexp.MustCompile(`(\S) {2,}`).ReplaceAllString(text, "$1  ")
}

// TestReport: both pools from every end, with everybody behaving well. Nothing of
// the configuration changes, and nothing stays behind.
func TestReport(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	cfg := load(t, "testdata/two.yaml")
	begun := time.Now()
	total := 0
	r := rehearsed(t, cfg, rehearse.Options{Within: 20 * time.Second, Progress: func(done, all int) {
		if total++; done != total || all != 22 {
			t.Errorf("progress %d of %d", done, all)
		}
	}})
	if total != 22 {
		t.Errorf("%d ends were told of", total)
	}
	got := table(r)
	if *update {
		if err := os.WriteFile("testdata/two.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/two.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
	if !r.OK {
		t.Error("not all is well")
	}
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
	for i := range r.Ends {
		for _, p := range r.Ends[i].Parties {
			if p.After != nil && (*p.After <= 0 || *p.After > 20) {
				t.Errorf("%s: %s heard after %v s", r.Ends[i].Name(), p.Name, *p.After)
			}
			if access := map[bool]rehearse.State{false: rehearse.Dead}[p.Provider]; p.Access != access {
				t.Errorf("%s: the access token of %s is %q", r.Ends[i].Name(), p.Name, p.Access)
			}
		}
	}
	if !reflect.DeepEqual(cfg.Pools[0].Clients, load(t, "testdata/two.yaml").Pools[0].Clients) || cfg.Pools[0].Providers[0].Creation {
		t.Error("the configuration was changed")
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for _, pattern := range []string{"testdata/*.db*", "*.db*"} {
		if made, _ := filepath.Glob(pattern); len(made) > 0 {
			t.Errorf("made: %q", made)
		}
	}
	formats(t, r)
}

// formats wants JSON and JUnit XML to tell what the report has.
func formats(t *testing.T, r *rehearse.Report) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back rehearse.Report
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	back.Within = r.Within // told as "within", in seconds
	for i := range back.Ends {
		back.Ends[i].Began = r.Ends[i].Began
	}
	if diff := cmp.Diff(r, &back); diff != "" || back.Limit != r.Within.Seconds() {
		t.Errorf("JSON (-report +read):\n%s", diff)
	}

	var b bytes.Buffer
	if err := r.JUnit(&b); err != nil {
		t.Fatal(err)
	}
	suites := readJUnit(t, b.Bytes())
	if len(suites) != len(r.Ends) {
		t.Fatalf("%d suites", len(suites))
	}
	names := map[string]bool{}
	for i, s := range suites {
		e := &r.Ends[i]
		if s.attr["name"] != e.Name() || names[e.Name()] {
			t.Errorf("suite %q, end %q", s.attr["name"], e.Name())
		}
		names[e.Name()] = true
		if cases := len(e.Parties) + len(e.Checks); e.Problem == "" && len(s.cases) != cases {
			t.Errorf("%s: %d cases of %d", e.Name(), len(s.cases), cases)
		}
		for n, p := range e.Parties {
			want := ""
			switch {
			case !p.OK():
				want = "failure"
			case p.Telling == rehearse.Mute:
				want = "skipped"
			}
			if c := s.cases[n]; c.name != p.Name || c.result != want {
				t.Errorf("%s: case %+v, want %s %q", e.Name(), c, p.Name, want)
			}
		}
		bad := s.count["failure"] + s.count["error"]
		if (bad == 0) != e.OK {
			t.Errorf("%s: %d are bad, OK is %t", e.Name(), bad, e.OK)
		}
	}
}

// suite is what a reader of JUnit XML gets.
type suite struct {
	attr  map[string]string
	cases []struct{ name, result string }
	count map[string]int
}

// readJUnit reads JUnit XML as strictly as the schemas are: elements in their
// order, the attributes that must be there, and sums that are right.
func readJUnit(t *testing.T, text []byte) (list []suite) {
	t.Helper()
	type node struct {
		XMLName  xml.Name
		Attrs    []xml.Attr `xml:",any,attr"`
		Children []node     `xml:",any"`
	}
	var root node
	if err := xml.Unmarshal(text, &root); err != nil || root.XMLName.Local != "testsuites" {
		t.Fatalf("%v\n%s", err, text)
	}
	order := []string{"properties", "testcase", "system-out", "system-err"}
	for _, n := range root.Children {
		s := suite{attr: map[string]string{}, count: map[string]int{}}
		for _, a := range n.Attrs {
			s.attr[a.Name.Local] = a.Value
		}
		at := 0
		for _, child := range n.Children {
			where := slices.Index(order, child.XMLName.Local)
			if where < at {
				t.Errorf("%s stands after %s", child.XMLName.Local, order[at])
			}
			at = where
			if order[where] != "testcase" {
				continue
			}
			attr := map[string]string{}
			for _, a := range child.Attrs {
				attr[a.Name.Local] = a.Value
			}
			c := struct{ name, result string }{name: attr["name"]}
			if attr["classname"] == "" || !regexp.MustCompile(`^\d+\.\d{3}$`).MatchString(attr["time"]) || len(child.Children) > 1 {
				t.Errorf("case %+v", child)
			}
			for _, result := range child.Children {
				c.result = result.XMLName.Local
				s.count[c.result]++
			}
			s.cases = append(s.cases, c)
		}
		for attr, want := range map[string]int{"tests": len(s.cases), "failures": s.count["failure"], "errors": s.count["error"], "skipped": s.count["skipped"], "id": len(list)} {
			if s.attr[attr] != jsonNumber(want) {
				t.Errorf("%s is %s=%q, not %d", s.attr["name"], attr, s.attr[attr], want)
			}
		}
		if _, err := time.Parse("2006-01-02T15:04:05", s.attr["timestamp"]); err != nil || s.attr["hostname"] == "" || s.attr["package"] == "" || s.attr["time"] == "" {
			t.Errorf("suite %q, %v", s.attr, err)
		}
		list = append(list, s)
	}
	return list
}

func jsonNumber(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// TestChoices: what the file does not offer is said before anything begins.
func TestChoices(t *testing.T) {
	cfg := load(t, "testdata/two.yaml")
	for want, o := range map[string]rehearse.Options{
		`there is no pool "mistress"; there are master, staff`:                        {Pools: []string{"mistress"}},
		`no client and no provider "robot"`:                                           {Faults: []rehearse.Fault{{Of: "robot", Word: "hang"}}},
		`client reports has no logout URI`:                                            {Faults: []rehearse.Fault{{Of: "reports", Word: "hang"}}},
		`client expenses cannot have the fault "tired"; there are ok, no-content-204`: {Faults: []rehearse.Fault{{Of: "expenses", Word: "tired"}}},
		`provider CorporateID cannot have the fault "hang"; there are end_session:`:   {Faults: []rehearse.Fault{{Of: "CorporateID", Word: "hang"}}},
		`expenses has two faults`:                                                     {Faults: []rehearse.Fault{{Of: "expenses", Word: "hang"}, {Of: "expenses", Word: "slow"}}},
		`no client and no provider "expenses" to be rehearsed; there are intranet`:    {Pools: []string{"staff"}, Faults: []rehearse.Fault{{Of: "expenses", Word: "hang"}}},
		`claims for "OtherID": there is no such provider`:                             {Claims: map[string]map[string]any{"OtherID": {}}},
		`there is no such end in this file`:                                           {Pools: []string{"staff"}, Kinds: []rehearse.Kind{rehearse.Provider}},
	} {
		r, err := rehearse.Run(t.Context(), cfg, o)
		if _, usage := errors.AsType[*rehearse.UsageError](err); !usage || !strings.Contains(err.Error(), want) || r != nil {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for word, want := range map[string]string{"expenses": "no fault", "=x": "no fault", "a=": "no fault"} {
		if _, err := rehearse.ParseFault(word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", word, err)
		}
	}
	if _, err := rehearse.ParseKind("death"); err == nil || !strings.Contains(err.Error(), "app-cognito") {
		t.Errorf("%v", err)
	}
}
