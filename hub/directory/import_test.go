package directory_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/mapping"
)

// told is what became of rows: outcome and reason.
func told(list []directory.Imported) []string {
	lines := make([]string, len(list))
	for i, u := range list {
		lines[i] = strings.TrimSuffix(string(u.Outcome)+": "+u.Reason, ": ")
	}
	return lines
}

func row(name string, pairs ...string) directory.Row {
	r := directory.Row{Username: name, Attributes: mapping.Attributes{"email": "x@corp.example"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		r.Attributes[pairs[i]] = pairs[i+1]
	}
	return r
}

// Bad rows, and names that are others' in other letters, are refused one by one;
// no reason quotes a value.
func TestA156_Rows(t *testing.T) {
	h := hubtest.New(t)
	rows := []directory.Row{
		row("eve"), row("eve"), row("EVE"), row("ｅｖｅ"), row(hubtest.Username), row("Ana"),
		row(""), row("a b"), row("a\u202eb"), row("a\x00b"), row(strings.Repeat("x", 129)),
		{Username: "dan"}, row("dan", "email", "secret-value"), row("dan", "birthdate", "7"), row("dan", "name", "a\x00secret-value"),
		row("dan", "name", strings.Repeat("secret-value", 500)), row("dan", "sub", "1"), row("dan", "cognito:groups", "admin"), row("dan", "password", "secret-value"),
		row("dan", "phone_number", "0", "gender", "\u202e"), row("=1+1"), row("Ærøskøbing"),
	}
	want := []string{
		"created", "skipped", "refused: another user has this name, written otherwise", "refused: another user has this name, written otherwise", "skipped", "refused: another user has this name, written otherwise",
		"refused: username: is empty", "refused: username: holds a space, a control character or an invisible one", "refused: username: holds a space, a control character or an invisible one",
		"refused: username: holds a space, a control character or an invisible one", "refused: username: is longer than 128 bytes",
		"refused: lacks what every user of the pool has: email", `refused: attribute "email" is not one e-mail address, for example ana@example.test`,
		`refused: attribute "birthdate" is not a date in the form YYYY-MM-DD; the year may be 0000`, `refused: attribute "name" holds the control character U+0000`,
		`refused: attribute "name" has 6000 bytes; at most 2048 are allowed`, `refused: attribute "sub" is built in: the hub makes it once per user and nothing can write it`,
		`refused: attribute "cognito:groups" is protected: only the hub gives it a meaning; to keep what a provider sends, declare a custom attribute such as "custom:groups"`,
		`refused: attribute "password" is not in the schema; it is neither a standard attribute nor declared as "custom:password"`,
		`refused: attribute "gender" holds U+202E, which changes the direction of the text around it; attribute "phone_number" is not a plus sign and 1 to 15 digits (E.164), for example +41445550100`,
		"created", "created",
	}
	list, err := h.Directory.Import(t.Context(), h.Pool, rows, directory.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, told(list)); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(fmt.Sprint(list), "secret-value") {
		t.Errorf("a reason quotes a value: %v", list)
	}
	if n := len(h.Users(h.Pool)); n != 4 {
		t.Errorf("%d users", n)
	}
	if u := h.User(h.Pool, "eve"); u.Status != hub.ResetRequired || u.Password != "" || !u.Awaited() || u.Federated() {
		t.Errorf("%+v", u)
	}
	if _, err := h.Directory.Import(t.Context(), h.Pool, make([]directory.Row, directory.MaxImport+1), directory.ImportOptions{}); err == nil {
		t.Error("a batch without bounds")
	}
}

// Flags of verification are believed only when that is asked for, and never
// without the address they speak of.
func TestA156_VerifiedFlags(t *testing.T) {
	for _, trust := range []bool{false, true} {
		h := hubtest.New(t)
		_, err := h.Directory.Import(t.Context(), h.Pool, []directory.Row{
			row("eve", "email_verified", "true", "phone_number", "+41445550100", "phone_number_verified", "true"),
			row("bob", "phone_number_verified", "true"),
		}, directory.ImportOptions{TrustVerified: trust})
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprint(trust)
		eve, bob := h.User(h.Pool, "eve").Attributes, h.User(h.Pool, "bob").Attributes
		if eve["email_verified"] != want || eve["phone_number_verified"] != want || bob["email_verified"] != "false" {
			t.Errorf("trust %v: %v, %v", trust, eve, bob)
		}
		if _, there := bob["phone_number_verified"]; there {
			t.Errorf("a flag without an address: %v", bob)
		}
	}
}

// Nothing is written by a dry run, nothing twice by a second run, and nobody who
// is there is changed.
func TestImportAgain(t *testing.T) {
	h := hubtest.New(t)
	rows := []directory.Row{row("eve"), row("bob")}
	want := [][]string{{"created", "created"}, {"created", "created"}, {"skipped", "skipped", "created"}}
	for i, o := range []directory.ImportOptions{{DryRun: true}, {}, {}} {
		if i == 2 {
			rows = append(rows, row("cid"))
			rows[0].Attributes["email"] = "other@corp.example"
		}
		list, err := h.Directory.Import(t.Context(), h.Pool, rows, o)
		if diff := cmp.Diff(want[i], told(list)); diff != "" || err != nil {
			t.Errorf("run %d: %v %s", i, err, diff)
		}
		if n := len(h.Users(h.Pool)); n != []int{1, 3, 4}[i] {
			t.Errorf("run %d: %d users", i, n)
		}
	}
	if u := h.User(h.Pool, "eve"); u.Attributes["email"] != "x@corp.example" {
		t.Errorf("changed: %v", u.Attributes)
	}
	if _, err := h.Directory.Authenticate(t.Context(), h.Pool, "eve", hubtest.Password); !errors.Is(err, directory.ErrRefused) {
		t.Errorf("without a password: %v", err)
	}
}

// Temporary passwords go to who has none: new people, and those imported before.
func TestImportTemporaryPasswords(t *testing.T) {
	h := hubtest.New(t)
	if _, err := h.Directory.Import(t.Context(), h.Pool, []directory.Row{row("eve")}, directory.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	n := 0
	o := directory.ImportOptions{Temporary: func() string { n++; return fmt.Sprintf("Temporary-%d", n) }}
	rows := []directory.Row{row("eve"), row("bob"), row(hubtest.Username), row("a b")}
	list, err := h.Directory.Import(t.Context(), h.Pool, rows, o)
	if diff := cmp.Diff([]string{"given", "created", "skipped", "refused: username: holds a space, a control character or an invisible one"}, told(list)); diff != "" || err != nil {
		t.Fatalf("%v %s", err, diff)
	}
	for i, name := range []string{"eve", "bob"} {
		u, err := h.Directory.Authenticate(t.Context(), h.Pool, name, list[i].Password)
		if err != nil || u.Status != hub.ForceChangePassword || u.Sub != list[i].Sub || !u.PasswordExpiry.Equal(list[i].Expires) || u.PasswordExpiry.IsZero() {
			t.Errorf("%s: %+v, %v", name, u, err)
		}
	}
	if list[2].Password+list[3].Password != "" {
		t.Errorf("%+v", list)
	}
	again, err := h.Directory.Import(t.Context(), h.Pool, rows[:2], o)
	if diff := cmp.Diff([]string{"skipped", "skipped"}, told(again)); diff != "" || err != nil {
		t.Errorf("again: %v %s", err, diff)
	}
}

// The same batch twice at once makes each person once, and tells one of the two.
func TestImportAtOnce(t *testing.T) {
	h := hubtest.New(t)
	var rows []directory.Row
	for i := range 100 {
		rows = append(rows, row(fmt.Sprint("person-", i)))
	}
	var wait sync.WaitGroup
	created := make([]int, 4)
	for i := range created {
		wait.Go(func() {
			list, err := h.Directory.Import(t.Context(), h.Pool, rows, directory.ImportOptions{})
			if err != nil {
				t.Error(err)
			}
			for _, u := range list {
				if u.Outcome == directory.RowCreated {
					created[i]++
				}
			}
		})
	}
	wait.Wait()
	if sum := created[0] + created[1] + created[2] + created[3]; sum != 100 || len(h.Users(h.Pool)) != 101 {
		t.Errorf("created %v, %d users", created, len(h.Users(h.Pool)))
	}
}

// A store that fails leaves a batch out or takes it in as a whole.
func TestImportFaults(t *testing.T) {
	h := hubtest.NewFaulty(t)
	rows := []directory.Row{row("eve"), row("bob")}
	for at := 1; ; at++ {
		h.Faults.At(at)
		list, err := h.Directory.Import(t.Context(), h.Pool, rows, directory.ImportOptions{})
		hit := h.Faults.Hit()
		h.Faults.At(0)
		if !hit {
			if err != nil || at < 5 || len(list) != 2 {
				t.Errorf("without a fault, at %d: %v", at, err)
			}
			return
		}
		if n := len(h.Users(h.Pool)); err == nil || n != 1 && n != 3 {
			t.Errorf("fault %d: %d users, %v", at, n, err)
		}
	}
}

func BenchmarkImport(b *testing.B) {
	h := hubtest.New(b)
	n := 0
	for b.Loop() {
		rows := make([]directory.Row, directory.MaxImport)
		for i := range rows {
			n++
			rows[i] = row(fmt.Sprint("person-", n), "email", fmt.Sprintf("person-%d@corp.example", n))
		}
		if _, err := h.Directory.Import(b.Context(), h.Pool, rows, directory.ImportOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}
