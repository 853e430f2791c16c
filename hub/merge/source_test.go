package merge_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/merge"
)

// file writes a file and opens it as a source.
func file(t testing.TB, name, text string) (*merge.Source, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return merge.OpenFile(path, "old")
}

// read reads all people of a source, as long as they can be read.
func read(s *merge.Source) (list []*merge.Person, err error) {
	for p, err := range s.People {
		if err != nil {
			return list, err
		}
		list = append(list, p)
	}
	return list, nil
}

// What aws cognito-idp list-users prints, and two answers of the API one after the other.
func TestListUsers(t *testing.T) {
	s, err := file(t, "users.json", `{"Users": [
		{"Username": "ada", "Attributes": [{"Name": "sub", "Value": "11111111-2222-4333-8444-555555555555"}, {"Name": "email", "Value": "ada@x.example"}, {"Name": "email_verified", "Value": "true"}],
		 "UserCreateDate": "2024-05-01T10:00:00.123000+02:00", "UserLastModifiedDate": 1714550400.5, "Enabled": false, "UserStatus": "RESET_REQUIRED", "MFAOptions": [{"x": 1}]}
	], "PaginationToken": "x"}
	{"PaginationToken": "y", "Users": [
		{"Username": "Google_7", "UserStatus": "EXTERNAL_PROVIDER", "Enabled": true,
		 "Attributes": [{"Name": "identities", "Value": "[{\"userId\":\"7\",\"providerName\":\"Google\",\"providerType\":\"Google\",\"issuer\":null,\"primary\":\"true\",\"dateCreated\":\"1714550400000\"}]"}, {"Name": "name", "Value": ""}]}
	]}`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := read(s)
	if err != nil || len(list) != 2 || s.Kind != merge.FromJSON {
		t.Fatal(len(list), s.Kind, err)
	}
	ada, google := list[0], list[1]
	if ada.Sub != "11111111-2222-4333-8444-555555555555" || !ada.Disabled || ada.Attributes["email_verified"] != "true" || ada.Status != "RESET_REQUIRED" || !ada.HasPassword ||
		!ada.Created.Equal(time.Date(2024, 5, 1, 8, 0, 0, 123e6, time.UTC)) || !ada.Modified.Equal(time.Date(2024, 5, 1, 8, 0, 0, 5e8, time.UTC)) {
		t.Errorf("%+v", ada)
	}
	want := hub.Link{Provider: "Google", Subject: "7", Type: "Google", Primary: true, Created: time.UnixMilli(1714550400000).UTC()}
	if google.HasPassword || len(google.Links) != 1 || google.Links[0] != want || len(google.Attributes) != 0 {
		t.Errorf("%+v", google)
	}
	again, err := read(s)
	if err != nil || len(again) != 2 {
		t.Errorf("the second time: %d, %v", len(again), err)
	}
}

// TestA81_FlagsOfFiles: in JSON only the text that Cognito writes counts, in CSV also what a spreadsheet makes of it.
func TestA81_FlagsOfFiles(t *testing.T) {
	for value, want := range map[string]string{"true": "true", "TRUE": "true", "True": "true", "1": "1", "yes": "yes", "false": "false", "": "", " true": " true"} {
		s, err := file(t, "users.csv", "cognito:username,email,email_verified\nada,ada@x.example,"+value+"\n")
		if err != nil {
			t.Fatal(err)
		}
		list, err := read(s)
		if err != nil || list[0].Attributes["email_verified"] != want {
			t.Errorf("CSV %q: %v, %v", value, list, err)
		}
		if s, err = file(t, "users.json", `{"Users":[{"Username":"ada","Attributes":[{"Name":"email_verified","Value":"`+value+`"}]}]}`); err != nil {
			t.Fatal(err)
		}
		if list, err = read(s); err != nil || list[0].Attributes["email_verified"] != value {
			t.Errorf("JSON %q: %v, %v", value, list, err)
		}
	}
}

// TestA95_HostileFiles are refused with the place, and take no memory to speak of; what is only odd is text.
func TestA95_HostileFiles(t *testing.T) {
	const head = "cognito:username,email,custom:x\n"
	const export = `{"isthmus":"users","version":1,"pool":"old","issuer":"http://old.test","passwords":false}` + "\n"
	long := strings.Repeat("x", 3000)
	endless := strings.Repeat("x", 3<<20)
	for name, test := range map[string]struct{ file, text, want string }{
		"formula":                {"a.csv", head + `"=cmd|' /C calc'!A0",a@x.example,+1` + "\n", ""},
		"byte order mark":        {"a.csv", "\ufeff" + head + "ada,a@x.example,\n", ""},
		"quoted lines":           {"a.csv", head + "ada,a@x.example,\"two\nlines\"\n", ""},
		"NUL in a name":          {"a.csv", head + "a\x00da,a@x.example,\n", "record 2: the user name"},
		"NUL in a value":         {"a.csv", head + "ada,a@x.example,a\x00b\n", `record 2: the attribute "custom:x"`},
		"not UTF-8":              {"a.csv", head + "ada,a@x.example,\xff\xfe\n", `record 2: the attribute "custom:x"`},
		"an escape sequence":     {"a.csv", head + "\x1b[2Jada,a@x.example,\n", "record 2: the user name"},
		"long value":             {"a.csv", head + "ada,a@x.example," + long + "\n", `record 2: the attribute "custom:x"`},
		"endless value":          {"a.csv", head + "ada,a@x.example," + endless + "\n", "record"},
		"endless quote":          {"a.csv", head + "ada,a@x.example,\"" + endless, "record"},
		"a field too many":       {"a.csv", head + "ada,a@x.example,1,2\n", "record 2: wrong number of fields"},
		"no name":                {"a.csv", head + ",a@x.example,1\n", "record 2: the user name is empty"},
		"a column twice":         {"a.csv", "cognito:username,email,email\nada,a,b\n", "column 3 of the header"},
		"identities that aren't": {"a.json", `{"Users":[{"Username":"a","Attributes":[{"Name":"identities","Value":"{"}]}]}`, "record 1: the attribute identities"},
		"endless JSON":           {"a.json", `{"Users":[{"Username":"` + endless + `"}]}`, "record 1: "},
		"deep JSON":              {"a.json", `{"Users":[` + strings.Repeat("[", 200_000), "record 1: "},
		"a list of lists":        {"a.json", `{"Users":[[]]}`, "record 1: "},
		"cut short":              {"a.json", `{"Users":[{"Username":"ada"}`, "unexpected EOF"},
		"a time of nobody":       {"a.json", `{"Users":[{"Username":"a","UserCreateDate":-5}]}`, "record 1: a time"},
		"a sub of another form":  {"a.json", `{"Users":[{"Username":"a","Attributes":[{"Name":"sub","Value":"../../x"}]}]}`, "record 1: the sub"},
		"an export line":         {"a.jsonl", export + `{"sub":"1","username":"ada"}` + "\n" + `{"sub":`, "record 3: unexpected end"},
		"an export's link":       {"a.jsonl", export + `{"sub":"1","username":"ada","links":[{"provider":"P"}]}`, "record 2: an identity"},
		"an endless export":      {"a.jsonl", export + `{"sub":"1","username":"` + endless, "record 2: it is longer than 512 KiB"},
		"a newer export":         {"a.jsonl", strings.Replace(export, `"version":1`, `"version":2`, 1), "version 2"},
		"another export":         {"a.jsonl", strings.Replace(export, "users", "clients", 1), `an export of "clients"`},
		"a picture":              {"a.png", "\x89PNG\r\n", "holds no people"},
		"nothing":                {"a.csv", "", "holds no people"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			s, err := file(t, test.file, test.text)
			var list []*merge.Person
			if err == nil {
				list, err = read(s)
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
				t.Errorf("%d MiB", used>>20)
			}
			if test.want == "" {
				if err != nil || len(list) != 1 {
					t.Errorf("%d people, %v", len(list), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v", err)
			}
			if len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\x00\x1b") {
				t.Errorf("the error is not fit to be read: %.300q", err.Error())
			}
		})
	}
}

// A CSV of Cognito comes in; what only the file's own pool could know is asked.
func TestMergeOfFiles(t *testing.T) {
	r := newRig(t)
	r.put(r.Pool, federated(11, "a", "ada@x.example"))
	csv, err := file(t, "users.csv", "cognito:username,cognito:mfa_enabled,email,email_verified,custom:x,sub\n"+
		"ada,false,Ada@x.example,TRUE,1,11111111-2222-4333-8444-555555555555\n"+
		"\"=1+1\",false,f@x.example,true,,\n"+
		"gina,false,,,,\n")
	if err != nil {
		t.Fatal(err)
	}
	path, _ := r.plan(csv, "")
	if tally := r.apply(path, csv); tally.Joined != 1 || tally.Added != 1 || tally.Left != 1 {
		t.Errorf("%+v", tally)
	}
	if ada := r.User(r.Pool, "11111111-2222-4333-8444-555555555555"); ada == nil || ada.Sub != sub(11) {
		t.Errorf("%+v", ada)
	}
	list := entries(t, path)
	if gina := list[0]; gina.Conflict != merge.Invalid || !strings.Contains(gina.Why, "email") {
		t.Errorf("%+v", gina)
	}
	if ada := list[1]; len(ada.Left) != 1 || !strings.Contains(ada.Left[0], "custom:x") {
		t.Errorf("%+v", ada)
	}

	// Cognito does not tell issuers: that a provider is the one here is for the operator to say.
	users := `{"Users":[{"Username":"CorporateID_a","UserStatus":"EXTERNAL_PROVIDER","Attributes":[{"Name":"sub","Value":"22222222-2222-4333-8444-555555555555"},{"Name":"email","Value":"x@x.example"},{"Name":"identities","Value":"[{\"userId\":\"a\",\"providerName\":\"CorporateID\",\"providerType\":\"OIDC\",\"issuer\":null,\"primary\":true,\"dateCreated\":1}]"}]}]}`
	cognito, err := file(t, "users.json", users)
	if err != nil {
		t.Fatal(err)
	}
	path, _ = r.plan(cognito, "")
	if e := entries(t, path)[0]; e.Decision != merge.Ask || e.Conflict != merge.Provider || !strings.Contains(e.Why, "--provider CorporateID=CorporateID") {
		t.Errorf("%+v", e)
	}
	path, _ = r.plan(cognito, "providers: {CorporateID: CorporateID}")
	if e := entries(t, path)[0]; e.Decision != merge.Join || e.Rule != merge.ByIdentity {
		t.Errorf("%+v", e)
	}
	if _, err := r.tryApply(path, csv, nil); !errors.Is(err, merge.ErrChanged) {
		t.Errorf("applied with another file: %v", err)
	}
}

// FuzzSource: whatever is in a file, it is people that a pool could hold, or an error.
func FuzzSource(f *testing.F) {
	f.Add([]byte("cognito:username,email\nada,a@x.example\n"))
	f.Add([]byte(`{"Users":[{"Username":"a","Attributes":[{"Name":"identities","Value":"[{\"userId\":\"1\",\"providerName\":\"P\"}]"}]}]}`))
	f.Add([]byte(`{"isthmus":"users","version":1,"pool":"old"}` + "\n" + `{"sub":"1","username":"ada","links":[{"provider":"P","issuer":"i","subject":"s"}],"groups":["g"]}`))
	path := filepath.Join(f.TempDir(), "people")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := merge.OpenFile(path, "old")
		if err != nil {
			return
		}
		list, err := read(s)
		if err == nil && len(list) == 0 && s.Kind == merge.FromJSON && len(text) == 0 {
			t.Error("nothing is people")
		}
		for _, p := range list {
			if p.Username == "" || strings.ContainsAny(p.Username+p.Sub, "\x00\n") || len(p.Sub) > 255 || !utf8.ValidString(p.Username) {
				t.Errorf("%+v", p)
			}
		}
	})
}
