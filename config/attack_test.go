package config

import (
	"fmt"
	"strings"
	"testing"
)

// attempt is a setting put into an otherwise sound file, and what is said about it.
type attempt struct {
	setting string // lines, indented as under their parent
	want    string
}

// refused checks that each attempt is the one problem of its file. parent holds the lines before it, with what is sound.
func refused(t *testing.T, parent string, attempts []attempt) {
	t.Helper()
	for _, a := range attempts {
		text := fmt.Sprintf(parent, a.setting)
		c, err := Parse("isthmus.yaml", []byte(text), machine())
		if err == nil || c != nil {
			t.Errorf("%s: loads", a.setting)
			continue
		}
		if list := err.(Problems); len(list) != 1 || !strings.Contains(list[0].String(), a.want) {
			t.Errorf("%s:\n%s\nwant one problem with %q", a.setting, err, a.want)
		}
	}
}

const soundProvider = `pools:
  - name: main
    issuer: https://id.example
    attributes: {custom: [{name: groups}]}
    providers:
      - name: CorporateID
        issuer: https://login.corp.example
        client_id: hub
        client_secret: {env: CORP_SECRET}
`

func TestA03_CallbackURLs(t *testing.T) {
	refused(t, `pools:
  - name: main
    issuer: https://id.example
    clients:
      - id: app
        public: true
        callback_urls: [%s]
`, []attempt{
		{`"javascript:alert(1)"`, "the scheme javascript is never allowed"},
		{`"data:text/html,x"`, "the scheme data is never allowed"},
		{`"file:///etc/passwd"`, "the scheme file is never allowed"},
		{`https://*.app.example/callback`, "it has a wildcard"},
		{`https://app.example/*`, "it has a wildcard"},
		{`http://app.example/callback`, "http is only for loopback"},
		{`"https://app.example/callback#x"`, "it has a fragment"},
		{`"https://user@app.example/callback"`, "it has a user name"},
		{`/callback`, "it must begin with a scheme"},
		{`""`, "it is empty"},
		{`https://app.example/callback, https://app.example/callback`, "is given twice"},
	})
}

func TestA34_A94_ProtectedAttributes(t *testing.T) {
	refused(t, soundProvider+"        mapping: {email: email, %s}\n", []attempt{
		{`sub: sub`, "is built in"},
		{`iss: iss`, "is protected"},
		{`aud: aud`, "is protected"},
		{`nonce: nonce`, "is protected"},
		{`token_use: x`, "is protected"},
		{`"cognito:groups": groups`, "is protected"},
		{`"cognito:username": name`, "is protected"},
		{`Groups: groups`, "is protected"},
		{`roles: roles`, "is protected"},
		{`groups: {from: groups, on_missing: ask}`, "nobody is asked"},
		{`identities: identities`, "is protected"},
		{`username: email`, "preferred_username"},
	})
}

func TestA36_Algorithms(t *testing.T) {
	refused(t, soundProvider+"        algorithms: [%s]\n", []attempt{
		{"none", "is not accepted"}, {"HS256", "is not accepted"}, {"HS512", "is not accepted"}, {"RS1", "is not an algorithm"}, {"rs256", "did you mean RS256?"},
	})
	refused(t, "pools: [{name: main, issuer: https://id.example, signing: {algorithm: %s}}]", []attempt{
		{"none", "is not known here"}, {"HS256", "is not known here"}, {"RS512", "is not known here"},
	})
}

// TestA60_InnerAddresses: the hub is not told to call inside without a word about it.
func TestA60_InnerAddresses(t *testing.T) {
	refused(t, `pools:
  - name: main
    issuer: https://id.example
    providers:
      - name: CorporateID
        client_id: hub
        client_secret: {env: CORP_SECRET}
        issuer: %s
`, []attempt{
		{"http://localhost:8081", `add "localhost:8081" to outbound.allow`},
		{"https://127.0.0.1", `add "127.0.0.1" to outbound.allow`},
		{"https://[::1]:8443", `add "[::1]:8443" to outbound.allow`},
		{"https://[::ffff:10.0.0.1]", "is an address inside"},
		{"https://idp.localhost", "is an address inside"},
		{"https://192.168.1.1/idp", "is an address inside"},
		{"https://169.254.169.254", "is an address inside"},
		{"https://0.0.0.0", "is an address inside"},
		{"http://idp.corp.example", "is not https"},
		{"https://user:pass@idp.corp.example", "has a user name"},
		{"gopher://idp.corp.example", "is not an address of the web"},
	})
	refused(t, `pools:
  - name: main
    issuer: https://id.example
    clients:
      - id: app
        public: true
        callback_urls: [https://app.example/callback]
        backchannel_logout_uri: %s
`, []attempt{
		{"http://localhost:3000/out", `add "localhost:3000" to outbound.allow`},
		{"https://127.0.0.1/out", `add "127.0.0.1" to outbound.allow`},
		{"https://[::ffff:10.0.0.1]/out", "is an address inside"},
		{"https://169.254.169.254/latest/meta-data", "is an address inside"},
		{"http://app.example/out", "is not https"},
		{"https://user:pass@app.example/out", "has a user name"},
		{"file:///out", "is not an address of the web"},
	})
	refused(t, "outbound: {allow: [%s]}\npools: [{name: main, issuer: https://id.example}]", []attempt{
		{"0.0.0.0/0", "takes the guard away"}, {`"::/0"`, "takes the guard away"}, {`"*"`, "is not a host"},
	})
}

func TestA71_ProvidersOfAClient(t *testing.T) {
	refused(t, soundProvider+`    clients:
      - id: app
        public: true
        callback_urls: [https://app.example/callback]
        providers: [%s]
`, []attempt{
		{"Other", "is not a provider of the pool"}, {"corporateid", `did you mean "CorporateID"?`}, {"cognito", `did you mean "COGNITO"?`},
		{"CorporateID, CorporateID", "is given twice"}, {"", "no way in"},
	})
}

func TestA149_TemporaryPasswords(t *testing.T) {
	refused(t, "pools: [{name: main, issuer: https://id.example, %s}]", []attempt{
		{"password_policy: {temporary_lifetime: 8d}", "from 1h to 7d"},
		{"password_policy: {minimum_length: 7}", "from 8 to 99"},
		{"users: [{username: ada, temporary_password: short}]", "it needs at least 8 characters, an upper-case letter, a number and a symbol or a space"},
		{"users: [{username: ada, temporary_password: Aa1-Aa1-, password: Aa1-Aa1-}]", "stands beside a password"},
		{"users: [{username: ada}]", "has no password"},
		{"users: [{username: ada, temporary_password: Aa1-Aa1-}, {username: ADA, temporary_password: Aa1-Aa1-}]", `"ADA" is taken by another user`},
	})
}

// TestA218_InsecureSwitches: each has insecure in its name and warns.
func TestA218_InsecureSwitches(t *testing.T) {
	c, err := Parse("isthmus.yaml", []byte(`
listen: ":8080"
insecure_upstreams: [idp.test]
pools:
  - name: main
    issuer: https://id.example
    providers:
      - {name: TestID, issuer: http://idp.test, client_id: hub, client_secret: {env: CORP_SECRET}}
    clients:
      - {id: old-spa, public: true, insecure_without_pkce: true, callback_urls: ["https://spa.example/cb"]}
`), machine())
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, w := range c.Warnings {
		paths = append(paths, w.Path)
	}
	if got := strings.Join(paths, " "); got != "listen[0] insecure_upstreams[0] pools[0].clients[0].insecure_without_pkce" {
		t.Errorf("warnings at %q:\n%s", got, c.Warnings.List())
	}
}

// TestA34_ReservedClaims: no claim of the hub's own, and no attribute's name for something else, in a pool or a client.
func TestA34_ReservedClaims(t *testing.T) {
	const pool = "pools:\n  - name: main\n    issuer: https://id.example\n    attributes: {custom: [{name: dept}]}\n"
	const client = pool + "    clients:\n      - id: app\n        public: true\n        callback_urls: [https://app.example/callback]\n"
	var attempts []attempt
	for _, name := range strings.Fields(`iss sub aud exp nbf iat jti nonce at_hash c_hash auth_time acr amr azp sid token_use client_id scope
		username version origin_jti event_id cnf identities act Sub "cognito:groups" "COGNITO:username"`) {
		attempts = append(attempts, attempt{name + `: {value: x}`, "only the hub gives it a meaning"}, attempt{name + `: email`, "only the hub gives it a meaning"})
	}
	for _, name := range []string{"email", "email_verified", "Family_Name", "updated_at", `"custom:dept"`} {
		attempts = append(attempts, attempt{name + `: {value: x}`, "can hold nothing but that"}, attempt{name + `: {expr: user.name}`, "can hold nothing but that"})
	}
	refused(t, pool+"    claims: {%s}\n", attempts)
	refused(t, client+"        claims: {%s}\n", attempts)
	for _, sound := range []string{"email: email", `"custom:dept": "custom:dept"`, "department: custom:dept", "roles: {value: admin}", `"https://app.example/sub": sub`} {
		if _, err := Parse("isthmus.yaml", []byte(pool+"    claims: {"+sound+"}\n"), machine()); err != nil {
			t.Errorf("%s: %v", sound, err)
		}
	}
}

// TestA95_BoundedClaims: how many claims there may be and how long a constant is, is known when the file is loaded.
func TestA95_BoundedClaims(t *testing.T) {
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprintf("c%d: {value: x}", i)
	}
	refused(t, "pools:\n  - name: main\n    issuer: https://id.example\n    claims: {%s}\n", []attempt{
		{strings.Join(many, ", "), "51 claims"},
		{"c: {value: " + strings.Repeat("x", 2049) + "}", "a string of 2049 bytes"},
		{`c: {value: "a\u202eb"}`, "changes the direction of the text"},
		{strings.Repeat("c", 129) + ": {value: x}", "a name of 129 bytes"},
		{`c: {expr: '` + strings.Repeat(" ", 1024) + `1'}`, "it has 1025 bytes"},
	})
}

// TestA21_OneWay: a client has one way to prove itself; a weaker one beside it is refused when the file is loaded, and so
// is a profile that something contradicts.
func TestA21_OneWay(t *testing.T) {
	refused(t, "pools:\n  - name: main\n    issuer: https://id.example\n    clients:\n      - id: app\n        callback_urls: [https://app.example/callback]\n%s\n", []attempt{
		{"        auth: private_key_jwt\n        secret: {env: APP_SECRET}\n        keys: {jwks: {file: keys/app.json}}", "the weaker of the two"},
		{"        auth: tls\n        secret: {env: APP_SECRET}\n        mtls: {thumbprint: LxydAF53QYqzxtnsDxI1WHueocTnCi1Qc5a53P8iRWg}", "the weaker of the two"},
		{"        public: true\n        secret: {env: APP_SECRET}", "a public client has no secret"},
		{"        secret: {env: APP_SECRET}\n        jwks_uri: https://app.example/jwks.json", "not said which of several ways"},
		{"        profile: fapi2\n        secret: {env: APP_SECRET}", "weaker than the profile fapi2 allows"},
		{"        profile: fapi2\n        keys: {jwks: {file: keys/app.json}}\n        dpop: off", "demands tokens that are bound to a key"},
		{"        profile: fapi2\n        keys: {jwks: {file: keys/app.json}}\n        require_par: false", "demands pushed requests"},
		{"        profile: fapi2\n        keys: {jwks: {file: keys/app.json}}\n        algorithm: RS256", "forbids RS256"},
	})
}
