package idp_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/idp/idptest"
)

func TestA48_IssInCallback(t *testing.T) {
	for _, c := range []struct {
		name     string
		promised bool
		iss      []string
		check    string
	}{
		{"promised and right", true, []string{"ours"}, ""},
		{"promised and absent", true, nil, "iss"},
		{"promised and empty", true, []string{""}, "iss"},
		{"promised and another", true, []string{"https://attacker.example"}, "iss"},
		{"promised and a slash more", true, []string{"ours/"}, "iss"},
		{"promised and twice", true, []string{"ours", "https://attacker.example"}, "parameters"},
		{"promised and twice alike", true, []string{"ours", "ours"}, "parameters"},
		{"not promised and absent", false, nil, ""},
		{"not promised and right", false, []string{"ours"}, ""},
		{"not promised and another", false, []string{"https://attacker.example"}, "iss"},
		{"not promised and empty", false, []string{""}, "iss"},
	} {
		for _, outcome := range []string{"code", "error"} {
			t.Run(c.name+" with "+outcome, func(t *testing.T) {
				r := newRig(t, setup{op: idptest.Config{NoIss: !c.promised}})
				params := url.Values{"state": {"s"}, outcome: {"access_denied"}}
				for _, iss := range c.iss {
					params.Add("iss", strings.Replace(iss, "ours", r.op.Issuer(), 1))
				}
				code, err := r.p.Callback(t.Context(), params)
				switch {
				case c.check != "":
					refused(t, err, idp.StepCallback, c.check)
				case outcome == "code" && (err != nil || code != "access_denied"):
					t.Errorf("code is %q, %v", code, err)
				case outcome == "error":
					refused(t, err, idp.StepCallback, "error")
				}
				if n := r.op.Count(idptest.TokenEndpoint); n != 0 {
					t.Errorf("%d token calls", n)
				}
			})
		}
	}
}

// TestA48_AnswerOfAnother: an honest provider's answer is refused by the relying party of another, before any call.
func TestA48_AnswerOfAnother(t *testing.T) {
	honest, hostile := newRig(t, setup{}), newRig(t, setup{})
	params, err := honest.begin(honest.request())
	if err != nil {
		t.Fatal(err)
	}
	_, err = hostile.p.Callback(t.Context(), params)
	if e := refused(t, err, idp.StepCallback, "iss"); !strings.Contains(e.Error(), honest.op.Issuer()) {
		t.Errorf("error does not name the issuer that answered: %v", e)
	}
	if n := hostile.op.Count(idptest.TokenEndpoint); n != 0 {
		t.Errorf("the code went to the other provider")
	}
}

func TestA66_ErrorTexts(t *testing.T) {
	r := newRig(t, setup{})
	for name, text := range map[string]string{
		"markup":     `<script>alert(1)</script>`,
		"controls":   "a\x00b\x1b[31mc\r\nSet-Cookie: x=1\u0085d",
		"bidi":       "safe\u202Egnp.exe\u2066\u200b",
		"megabytes":  strings.Repeat("long ", 1<<20),
		"bad UTF-8":  "\xff\xfe" + strings.Repeat("\x80", 3000),
		"wide runes": strings.Repeat("漢", 5000),
		"blank":      " \t\n ",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.p.Callback(t.Context(), url.Values{"iss": {r.op.Issuer()}, "error": {text}, "error_description": {text}})
			var e *idp.Error
			if e = refused(t, err, idp.StepCallback, "error"); e.Kind != idp.KindRefused {
				t.Errorf("kind is %s", e.Kind)
			}
			for _, s := range []string{e.Code, e.Description} {
				if utf8.RuneCountInString(s) > 500 || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("text is not clean: %.80q (%d)", s, len(s))
				}
			}
		})
	}
}

// TestA66_ErrorTextsOfTheTokenEndpoint: the same holds for errors in bodies.
func TestA66_ErrorTextsOfTheTokenEndpoint(t *testing.T) {
	r := newRig(t, setup{})
	r.op.Fail(idptest.TokenEndpoint, idptest.Fault{Error: "bad\x07\u202ecode", Description: strings.Repeat("x\n", 5000)})
	_, err := r.signIn()
	if e := refused(t, err, idp.StepToken, "error"); e.Code != "badcode" || len(e.Description) > 500 || e.Status != 400 {
		t.Errorf("error is %q %d %d", e.Code, len(e.Description), e.Status)
	}
}

func TestA69_UnsolicitedAnswers(t *testing.T) {
	r := newRig(t, setup{})
	iss := r.op.Issuer()
	for name, c := range map[string]struct {
		params url.Values
		check  string
	}{
		"nothing":              {url.Values{"iss": {iss}}, "code"},
		"empty code":           {url.Values{"iss": {iss}, "code": {""}}, "code"},
		"endless code":         {url.Values{"iss": {iss}, "code": {strings.Repeat("c", 9000)}}, "code"},
		"two codes":            {url.Values{"iss": {iss}, "code": {"a", "b"}}, "parameters"},
		"two states":           {url.Values{"iss": {iss}, "code": {"a"}, "state": {"s", "s"}}, "parameters"},
		"two errors":           {url.Values{"iss": {iss}, "error": {"a", "b"}}, "parameters"},
		"code and error":       {url.Values{"iss": {iss}, "code": {"a"}, "error": {"access_denied"}}, "error"},
		"only an ID token":     {url.Values{"iss": {iss}, "id_token": {"a.b.c"}}, "code"},
		"only an access token": {url.Values{"iss": {iss}, "access_token": {"a"}}, "code"},
	} {
		t.Run(name, func(t *testing.T) {
			code, err := r.p.Callback(t.Context(), c.params)
			refused(t, err, idp.StepCallback, c.check)
			if code != "" {
				t.Errorf("code is %q", code)
			}
		})
	}
	// A code that no transaction of ours asked for carries another nonce.
	planted, q := r.request(), r.request()
	params, err := r.begin(planted)
	if err != nil {
		t.Fatal(err)
	}
	q.Verifier = planted.Verifier // even if PKCE were no hindrance
	_, err = r.p.Exchange(t.Context(), q, params.Get("code"), nil)
	refused(t, err, idp.StepIDToken, "nonce")
}

// TestCallbackNeedsNoEarlierCall: a hub that restarted in the middle of a sign-in still knows what is promised.
func TestCallbackNeedsNoEarlierCall(t *testing.T) {
	r := newRig(t, setup{})
	_, err := r.p.Callback(t.Context(), url.Values{"code": {"c"}})
	refused(t, err, idp.StepCallback, "iss")
}
