package migration_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/isthmus-hub/isthmus/idp/migration"
)

// FuzzHookAnswer: an answer is a person of bounded, proper text, or an *Error that
// is proper text too.
func FuzzHookAnswer(f *testing.F) {
	f.Add([]byte(`{"attributes":{"email":"ada@corp.example","updated_at":1.5e3,"x":true,"y":null},"email_verified":true,"subject":"s","username":"ada"}`))
	f.Add([]byte(`{"attributes":{},"subject":7}`))
	f.Add([]byte(`{"attributes":{"a":{"b":[]}}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		person, err := migration.HookPerson(answer)
		var e *migration.Error
		if (person == nil) == (err == nil) || err != nil && (!errors.As(err, &e) || !utf8.ValidString(err.Error())) {
			t.Fatalf("%+v, %v", person, err)
		}
		if person == nil {
			return
		}
		if len(person.Attributes) > 202 || !utf8.ValidString(person.Subject+person.Username) {
			t.Fatalf("%+v", person)
		}
		for name, value := range person.Attributes {
			if !utf8.ValidString(name + value) {
				t.Fatalf("%q: %q", name, value)
			}
		}
	})
}
