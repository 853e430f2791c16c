package migration_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/idp/migration"
	"github.com/isthmus-hub/isthmus/idp/migration/migrationtest"
	"github.com/isthmus-hub/isthmus/idp/outbound"
)

var ada = migrationtest.User{
	Username: "ada", Password: "Old-passw0rd", Subject: "0f8fad5b-d9cb-469f-a165-70867728950e",
	Attributes: map[string]string{"email": "ada@corp.example", "email_verified": "true", "family_name": "Lovelace"},
}

func client(t *testing.T, allow ...string) *http.Client {
	t.Helper()
	c, err := outbound.New(outbound.Policy{Allow: allow})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func question(name, password string) migration.Question {
	return migration.Question{Username: name, Password: password, ClientID: "app", Pool: "main"}
}

// ways are the two kinds of an old system.
func ways(t *testing.T, o *migrationtest.Old, timeout time.Duration) map[string]migration.System {
	c := client(t, "127.0.0.1")
	return map[string]migration.System{"hook": o.Hook(c, timeout), "cognito": o.Cognito(c, timeout)}
}

func TestAsk(t *testing.T) {
	o := migrationtest.New(t, ada)
	for way, s := range ways(t, o, time.Second) {
		person, err := s.Ask(t.Context(), question("ada", ada.Password))
		if err != nil {
			t.Fatalf("%s: %v", way, err)
		}
		want := &migration.Person{Username: "ada", Subject: ada.Subject, Attributes: map[string]string{"email": "ada@corp.example", "email_verified": "true", "family_name": "Lovelace"}}
		if way == "cognito" {
			want.Attributes["sub"] = ada.Subject
		}
		if diff := cmp.Diff(want, person); diff != "" {
			t.Errorf("%s (-want +got):\n%s", way, diff)
		}
		for _, q := range []migration.Question{question("ada", "wrong"), question("nobody", ada.Password)} {
			if _, err := s.Ask(t.Context(), q); err != migration.ErrWrong {
				t.Errorf("%s, %s: %v", way, q.Username, err)
			}
		}
	}
}

// A system that is down, slow, broken or hostile gives an error that says so, in
// bounded time, and never a person; the error holds nothing of the question.
func TestA154_NoPlainAnswer(t *testing.T) {
	o := migrationtest.New(t, ada)
	faults := map[string]struct {
		fault migrationtest.Fault
		kind  migration.Kind
	}{
		"hangs":              {migrationtest.Fault{Hang: true}, migration.Late},
		"500":                {migrationtest.Fault{Status: 500, Body: ada.Password}, migration.Unexpected},
		"redirect":           {migrationtest.Fault{Status: 302}, migration.Unexpected},
		"204":                {migrationtest.Fault{Status: 204}, migration.Unexpected},
		"empty":              {migrationtest.Fault{Status: 200}, migration.Misread},
		"a page":             {migrationtest.Fault{Body: "<html>" + ada.Password}, migration.Misread},
		"no member":          {migrationtest.Fault{Body: "{}"}, migration.Misread},
		"a list":             {migrationtest.Fault{Body: "[]"}, migration.Misread},
		"null":               {migrationtest.Fault{Body: `{"attributes":null,"AuthenticationResult":null}`}, migration.Misread},
		"a member twice":     {migrationtest.Fault{Body: `{"attributes":{},"attributes":{"email":"x@y.example"},"ChallengeName":"","ChallengeName":"x"}`}, migration.Misread},
		"deep":               {migrationtest.Fault{Body: strings.Repeat(`{"attributes":`, 2_000)}, migration.Misread},
		"an odd type":        {migrationtest.Fault{Body: `{"attributes":{"email":["x@y.example"]},"AuthenticationResult":[]}`}, migration.Misread},
		"an odd subject":     {migrationtest.Fault{Body: `{"attributes":{},"subject":7,"AuthenticationResult":7}`}, migration.Misread},
		"not UTF-8":          {migrationtest.Fault{Body: "{\"attributes\":{\"name\":\"\xff\"}}"}, migration.Misread},
		"text after the end": {migrationtest.Fault{Body: `{"attributes":{}}{}`}, migration.Misread},
		"too large":          {migrationtest.Fault{Body: `{"attributes":{"name":"` + strings.Repeat("x", 1<<20) + `"}}`}, migration.Unexpected},
		"too many":           {migrationtest.Fault{Body: `{"attributes":{` + strings.Repeat(`"a":1,`, 300) + `"b":1}}`}, migration.Misread},
	}
	for way, s := range ways(t, o, 300*time.Millisecond) {
		for name, f := range faults {
			o.Fail(f.fault)
			begun := time.Now()
			person, err := s.Ask(t.Context(), question("ada", ada.Password))
			var e *migration.Error
			if person != nil || !errors.As(err, &e) || e.Kind != f.kind {
				t.Errorf("%s, %s: %+v, %v", way, name, person, err)
			}
			if err != nil && strings.Contains(err.Error(), ada.Password) {
				t.Errorf("%s, %s: the error quotes: %v", way, name, err)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("%s, %s: took %v", way, name, took)
			}
		}
		o.Fail(migrationtest.Fault{})
	}
	o.Close()
	for way, s := range ways(t, o, time.Second) {
		var e *migration.Error
		if _, err := s.Ask(t.Context(), question("ada", ada.Password)); !errors.As(err, &e) || e.Kind != migration.Unreachable {
			t.Errorf("%s, closed: %v", way, err)
		}
	}
}

// The other system is called by the outbound policy, which forbids inner addresses.
func TestA60_OldSystemInside(t *testing.T) {
	o := migrationtest.New(t, ada)
	c := client(t)
	for way, s := range map[string]migration.System{
		"hook": o.Hook(c, time.Second), "cognito": o.Cognito(c, time.Second),
		"by https": migration.NewHook(migration.HookConfig{URL: strings.Replace(o.URL, "http:", "https:", 1), Secret: "s"}, c),
	} {
		var e *migration.Error
		if _, err := s.Ask(t.Context(), question("ada", ada.Password)); !errors.As(err, &e) || e.Kind != migration.Unreachable || !strings.Contains(e.Detail, "refused") {
			t.Errorf("%s: %v", way, err)
		}
	}
	if len(o.Asked()) != 0 {
		t.Error("it was asked")
	}
}

// What Cognito answers beside yes and no.
func TestCognitoAnswers(t *testing.T) {
	person := func(name string, change func(*migrationtest.User)) migrationtest.User {
		u := ada
		u.Username = name
		change(&u)
		return u
	}
	o := migrationtest.New(t,
		person("first", func(u *migrationtest.User) { u.Challenge = "NEW_PASSWORD_REQUIRED" }),
		person("mfa", func(u *migrationtest.User) { u.Challenge = "SOFTWARE_TOKEN_MFA" }),
		person("odd", func(u *migrationtest.User) { u.Challenge = "<script>\n" }),
		person("reset", func(u *migrationtest.User) { u.Exception = "PasswordResetRequiredException" }),
		person("new", func(u *migrationtest.User) {
			u.Exception = "com.amazonaws.cognito.identity.idp.model#UserNotConfirmedException"
		}),
		person("many", func(u *migrationtest.User) { u.Exception = "TooManyRequestsException" }),
	)
	c := client(t, "127.0.0.1")
	good := o.Cognito(c, time.Second)
	wrongSecret := migration.NewCognito(migration.CognitoConfig{Endpoint: o.URL + "/", ClientID: migrationtest.ClientID, ClientSecret: "other"}, c)
	noSecret := migration.NewCognito(migration.CognitoConfig{Endpoint: o.URL, ClientID: migrationtest.ClientID}, c)
	wrongClient := migration.NewCognito(migration.CognitoConfig{Endpoint: o.URL, ClientID: "other", ClientSecret: "x"}, c)
	for _, test := range []struct {
		system     migration.System
		name, says string
		kind       migration.Kind // empty: wrong
	}{
		{good, "first", "NEW_PASSWORD_REQUIRED", migration.Challenge},
		{good, "mfa", "SOFTWARE_TOKEN_MFA", migration.Challenge},
		{good, "odd", "another factor", migration.Challenge},
		{good, "reset", "", ""},
		{good, "new", "", ""},
		{good, "many", "TooManyRequestsException", migration.Unexpected},
		{wrongSecret, "first", "does not take our client secret", migration.Refused},
		{noSecret, "first", "does not take our client secret", migration.Refused},
		{wrongClient, "first", "knows no such client", migration.Refused},
	} {
		_, err := test.system.Ask(t.Context(), question(test.name, ada.Password))
		var e *migration.Error
		if test.kind == "" {
			if !errors.Is(err, migration.ErrWrong) || !strings.HasSuffix(err.Error(), "Exception") {
				t.Errorf("%s: %v", test.name, err)
			}
		} else if !errors.As(err, &e) || e.Kind != test.kind || !strings.Contains(e.Detail, test.says) || strings.ContainsAny(e.Detail, "<\n") {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestHookWithoutSecret(t *testing.T) {
	o := migrationtest.New(t, ada)
	s := migration.NewHook(migration.HookConfig{URL: o.URL + "/hook", Secret: "other"}, client(t, "127.0.0.1"))
	var e *migration.Error
	if _, err := s.Ask(t.Context(), question("ada", ada.Password)); !errors.As(err, &e) || e.Kind != migration.Refused {
		t.Errorf("%v", err)
	}
}

// A question that somebody prints shows no password.
func TestA154_QuestionsDoNotShow(t *testing.T) {
	q := question("ada", ada.Password)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("asked", "question", q)
	for _, text := range []string{fmt.Sprint(q), fmt.Sprintf("%+v %#v %s %q %x", q, q, q, q, q), fmt.Sprintf("%v", &q), log.String()} {
		if strings.Contains(text, ada.Password) || strings.Contains(text, "4f6c642d") {
			t.Errorf("shown: %s", text)
		}
	}
}

// An answer that goes on for ever is given up.
func TestA154_EndlessAnswer(t *testing.T) {
	o := migrationtest.New(t, ada)
	o.Fail(migrationtest.Fault{Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for way, s := range ways(t, o, time.Minute) {
		var e *migration.Error
		if _, err := s.Ask(ctx, question("ada", ada.Password)); !errors.As(err, &e) || e.Kind != migration.Late {
			t.Errorf("%s: %v", way, err)
		}
	}
}
