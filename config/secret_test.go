package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const text = "hunter2-should-not-show"
	type holder struct {
		Exported   Secret
		unexported Secret
		Pointer    *Secret
		List       []Secret
		Map        map[string]Secret
		Any        any
	}
	s := NewSecret(text)
	h := holder{s, s, &s, []Secret{s}, map[string]Secret{"k": s}, s}
	if h.unexported.Reveal() != text {
		t.Fatal("Reveal does not give the text back")
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%t"} {
		for _, v := range []any{s, &s, h, &h, []any{h}, struct{ inner holder }{h}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	fmt.Fprintln(&out, errors.New("wrapped: "+s.String()), s.Origin())
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("message", "key", Provider{ClientAuth: authKey, PrivateKey: s}, "secret", s, "pointer", &s, "struct", Provider{ClientSecret: s}, "list", []Secret{s})
	}
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(Provider{ClientSecret: s})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	out.Write(asYAML)
	hexText := fmt.Sprintf("%x", text)
	for _, form := range []string{text, hexText, strings.ToUpper(hexText), "hunter2"} {
		if strings.Contains(out.String(), form) {
			t.Errorf("%q is in the output:\n%s", form, out.String())
		}
	}
	for _, part := range []string{`"Exported":"***"`, "client_secret: '***'"} {
		if !strings.Contains(strings.ReplaceAll(out.String(), `"***"`+"\n", "'***'\n"), part) {
			t.Errorf("%s is not in the output:\n%s%s", part, asJSON, asYAML)
		}
	}
	if got := fmt.Sprint(Secret{}); got != "" {
		t.Errorf("the empty secret prints as %q", got)
	}
}

// TestA169_ProblemsShowNoSecret: whatever else is wrong on the line of a secret or around it, what is said does not
// hold it.
func TestA169_ProblemsShowNoSecret(t *testing.T) {
	const secret = "hunter2-should-not-show"
	for name, text := range map[string]string{
		"too short":          "pools: [{clients: [{id: a, secret: hunter2-should-not-show}]}]",
		"list":               "pools: [{clients: [{id: a, secrets: [hunter2-should-not-show, x]}]}]",
		"misspelt key":       "pools: [{clients: [{id: a, secrett: hunter2-should-not-show}]}]",
		"unknown key":        "pools: [{clients: [{id: a, zzzzz: hunter2-should-not-show}]}]",
		"before":             "pools: [{nam: x, users: [{usrname: x, password: hunter2-should-not-show}]}]",
		"after":              "pools: [{users: [{password: hunter2-should-not-show, usrname: x, disabled: maybe}]}]",
		"nested key":         "pools: [{providers: [{client_secret: {env: X, value: hunter2-should-not-show}}]}]",
		"twice":              "pools:\n- users:\n  - password: hunter2-should-not-show\n    password: hunter2-should-not-show",
		"syntax":             "pools:\n- users:\n  - password: \"hunter2-should-not-show\n",
		"syntax, plain":      "pools:\n- users:\n  - password: hunter2-should-not-show: x\n",
		"syntax in list":     "pools:\n- clients:\n  - secrets:\n    - hunter2-should-not-show: x: y\n",
		"syntax, flat list":  "pools:\n- clients:\n  - secrets:\n    - a\n    - \"hunter2-should-not-show\n",
		"level with its key": "pools:\n- secrets:\n  - a\n  - \"hunter2-should-not-show\n",
		"tab":                "pools:\n- users:\n\t- password: hunter2-should-not-show\n",
		"tab beneath":        "pools:\n- users:\n  - password: >\n     \thunter2-should-not-show\n",
		"tag":                "pools:\n- users:\n  - password: !hunter2-should-not-show\n",
		"anchor":             "pools:\n- users:\n  - password: &a hunter2-should-not-show\n    username: *b\n",
		"quoted key":         "pools:\n- users:\n  - \"password\": hunter2-should-not-show: x\n",
		"block":              "pools:\n- users:\n  - password: |\n      hunter2-should-not-show\n      hunter2-should-not-show\n    usrname: x",
		"wrong kind":         "pools:\n- users:\n  - password: [hunter2-should-not-show]\n",
		"control character":  "pools:\n- users:\n  - password: hunter2-should-not-show\x01\n",
		"not UTF-8":          "pools:\n- users:\n  - password: hunter2-should-not-show\xff\n",
		"bare":               "pools:\n- users:\n  - password hunter2-should-not-show\n",
	} {
		_, err := Parse("isthmus.yaml", []byte(text), machine())
		if err == nil {
			t.Errorf("%s: loads", name)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: shown in\n%s", name, err)
		}
	}
}
