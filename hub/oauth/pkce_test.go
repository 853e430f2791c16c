package oauth_test

import (
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B

func TestPKCEOfRFC7636(t *testing.T) {
	if got := oauth.Challenge(verifier); got != challenge {
		t.Errorf("challenge %s, want %s", got, challenge)
	}
	if err := oauth.VerifyPKCE(challenge, verifier); err != nil {
		t.Error(err)
	}
	if err := oauth.VerifyPKCE("", ""); err != nil {
		t.Errorf("a request without PKCE: %v", err)
	}
}

func TestA13_Downgrades(t *testing.T) {
	for name, c := range map[string][2]string{
		"verifier dropped":             {challenge, ""},
		"verifier without a challenge": {"", verifier},
		"challenge as its verifier":    {challenge, challenge},
		"plain":                        {verifier, verifier},
		"other verifier":               {challenge, strings.Repeat("a", 43)},
		"changed in the last place":    {challenge, verifier[:42] + "l"},
		"longer":                       {challenge, verifier + "a"},
		"padded":                       {challenge, verifier + "="},
		"white space":                  {challenge, verifier + " "},
		"upper case":                   {challenge, strings.ToUpper(verifier)},
	} {
		if err := oauth.VerifyPKCE(c[0], c[1]); codeOf(t, err) != oauth.InvalidGrant {
			t.Errorf("%s: %v, want invalid_grant", name, err)
		}
	}
}

func TestA13_VerifierLengths(t *testing.T) {
	for n := range 201 {
		v := strings.Repeat("v", n)
		err := oauth.VerifyPKCE(oauth.Challenge(v), v)
		if fits := n >= 43 && n <= 128; fits != (err == nil) || !fits && codeOf(t, err) != oauth.InvalidGrant {
			t.Errorf("%d characters: %v", n, err)
		}
		if got := oauth.ValidVerifier(v); got != (n >= 43 && n <= 128) {
			t.Errorf("%d characters are valid: %v", n, got)
		}
	}
	for _, c := range "+/=!*'() \"\\\x00é%&" {
		v := strings.Repeat("v", 43) + string(c)
		if err := oauth.VerifyPKCE(oauth.Challenge(v), v); codeOf(t, err) != oauth.InvalidGrant {
			t.Errorf("with %q: %v", c, err)
		}
	}
	if v := "-._~" + strings.Repeat("aZ09", 10); oauth.VerifyPKCE(oauth.Challenge(v), v) != nil {
		t.Error("the unreserved characters are refused")
	}
}

// Only the verifier that a challenge was made of passes.
func FuzzA13_VerifyPKCE(f *testing.F) {
	f.Add(challenge, verifier)
	f.Add("", "")
	f.Fuzz(func(t *testing.T, c, v string) {
		passes := oauth.VerifyPKCE(c, v) == nil
		want := c == "" && v == "" || oauth.ValidVerifier(v) && c == oauth.Challenge(v)
		if passes != want {
			t.Errorf("challenge %q with verifier %q passes: %v", c, v, passes)
		}
		if oauth.ValidVerifier(v) && !oauth.ValidChallenge(oauth.Challenge(v)) {
			t.Errorf("the challenge of %q is not valid", v)
		}
	})
}
