package config

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/mapping"
)

const smallest = `pools:
  - name: main
    issuer: https://id.example
    providers:
      - name: CorporateID
        issuer: https://login.corp.example
        client_id: hub
        client_secret: upstream-secret
    resource_servers:
      - identifier: billing
        scopes: [{name: read, description: Read bills}, {name: write, description: Change bills}]
    clients:
      - id: expenses-web
        public: true
        callback_urls: https://expenses.example/callback
      - id: machine
        secret: machine-secret-0123456789
        flows: client_credentials
        scopes: billing/read billing/write
`

// byMeaning compares secrets by their text, and leaves out what is compiled.
var byMeaning = cmp.Options{
	cmp.Comparer(func(a, b Secret) bool { return a.Reveal() == b.Reveal() }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmpopts.IgnoreFields(Pool{}, "Schema", "Added"),
	cmpopts.IgnoreFields(Client{}, "Added"),
	cmp.Comparer(func(a, b *proof.Keys) bool { return cmp.Equal(a.IDs(), b.IDs()) }),
	cmpopts.IgnoreFields(Provider{}, "Compiled"),
}

// TestDefaults: the smallest file means exactly this.
func TestDefaults(t *testing.T) {
	got, err := Parse("conf/isthmus.yaml", []byte(smallest), machine())
	if err != nil {
		t.Fatal(err)
	}
	tokens := Tokens{Access: time.Hour, ID: time.Hour, Refresh: 30 * day, Grace: 10 * time.Second, AtLogout: "revoke"}
	want := &Config{
		Path:       "conf/isthmus.yaml",
		Listen:     []Listener{{Address: "localhost:8080"}},
		Store:      "conf/isthmus.db",
		SealingKey: Reference{File: "conf/isthmus.db.key"},
		Admin:      Admin{Socket: "conf/isthmus.db.sock"},
		Log:        Log{Level: slog.LevelInfo, Format: "text"},
		Pools: []Pool{{
			Name: "main", Issuer: "https://id.example", Title: "main", Language: "en",
			Signing: Signing{Algorithm: "RS256", Every: 90 * day, Ahead: 15 * time.Minute},
			Session: Session{Lifetime: time.Hour}, Logout: Logout{Deadline: 24 * time.Hour},
			PasswordPolicy: PasswordPolicy{
				MinimumLength: 8, RequireLowercase: true, RequireUppercase: true, RequireNumbers: true, RequireSymbols: true, TemporaryLifetime: 7 * day,
			},
			Providers: []Provider{{
				Name: "CorporateID", Issuer: "https://login.corp.example", ClientID: "hub", ClientSecret: NewSecret("upstream-secret"),
				Scopes: []string{"openid", "email", "profile"}, AttributesRequestMethod: "GET", Enabled: true, Creation: true, Logout: "always", Link: Link{OnMatch: "ask"}, ProviderGroup: true,
				Samples: Samples{Keep: 50, For: 7 * day}, Mapping: DefaultRules(),
			}},
			ResourceServers: []ResourceServer{{Identifier: "billing", Name: "billing", Scopes: []ResourceScope{{"read", "Read bills"}, {"write", "Change bills"}}}},
			Clients: []Client{{
				ID: "expenses-web", Name: "expenses-web", Public: true, Algorithm: "RS256", DPoP: "allowed", RequestObject: "off", CallbackURLs: []string{"https://expenses.example/callback"},
				Flows: []string{"code"}, Scopes: []string{"openid", "email", "profile"}, Providers: []string{"CorporateID"}, Tokens: tokens,
				UserinfoTypes: "strings",
			}, {
				ID: "machine", Name: "machine", Auth: "secret", Algorithm: "RS256", DPoP: "allowed", RequestObject: "off", Secrets: []Secret{NewSecret("machine-secret-0123456789")},
				Flows: []string{"client_credentials"}, Scopes: []string{"billing/read", "billing/write"}, Tokens: tokens,
				UserinfoTypes: "strings",
			}},
		}},
	}
	if diff := cmp.Diff(want, got, byMeaning); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if needs := got.Pools[0].Providers[0].Compiled.Needs(); !cmp.Equal(needs, []string{"email", "family_name", "given_name", "locale", "name", "picture"}) {
		t.Errorf("the default mapping reads %q", needs)
	}
	if origin := got.Pools[0].Providers[0].ClientSecret.Origin(); origin != "the configuration file" {
		t.Errorf("origin %q", origin)
	}
}

// TestEverySetting: each key arrives where it belongs, over its default.
func TestEverySetting(t *testing.T) {
	got, err := Parse("/etc/isthmus/isthmus.yaml", []byte(`
listen: [{address: ":8443", tls: {certificate: tls/chain.pem, key: /keys/key.pem}}, "[::1]:80"]
store: data/hub.db
sealing_key: {env: SEAL}
admin: {socket: /run/isthmus.sock}
metrics: localhost:9090
trusted_proxies: [10.0.0.0/8, 192.0.2.7]
outbound: {allow: [10.0.0.0/8]}
log: {level: warn, format: json}
pools:
  - name: main
    issuer: https://id.example/main
    title: Main
    language: de
    branding: {accent: "#123456", radius: 0, links: {terms: https://www.example/terms#top, help: mailto:help@www.example}}
    signing: {algorithm: EdDSA, every: 30d, ahead: 1h}
    claims: {department: custom:unit, tenant: {value: main, in: id access}, domain: {expr: user.email, in: [access]}}
    registration: {enabled: true}
    resource_servers: [{identifier: "https://orders.example", name: Orders, scopes: [{name: read, description: Read orders}]}]
    session: {lifetime: 1d12h}
    logout: {deadline: 3d, on_expiry: true, show: true}
    password_policy: {minimum_length: 15, require_lowercase: false, require_uppercase: false, require_numbers: false, require_symbols: false, temporary_lifetime: 1d}
    attributes:
      required: email
      custom: [{name: level, type: Number, immutable: true}, {name: custom:unit, max_length: 8}]
    providers:
      - name: CorporateID
        label: Corporate ID
        issuer: https://10.1.2.3
        endpoints: {token: https://10.1.2.3/token}
        client_id: 0123456
        client_auth: none
        scopes: openid
        attributes_request_method: POST
        identifiers: corp.example
        algorithms: RS256 ES256
        enabled: false
        creation: false
        logout: never
        logout_style: cognito
        link: {trusted_domains: [corp.example, Staff.Corp.Example], on_match: never}
        mapping:
          email: [mail, email]
          email_verified: {from: email_verified, trust_verification: true}
          custom:level: {from: /org/level, default: 1, on_missing: default, write: once}
          nickname: {expr: claims.nick}
          locale: {value: en}
          groups: {from: roles, split: ",", write: reconcile}
        provider_group: false
        samples: {keep: 0, for: 1d}
    clients:
      - id: two-secrets
        name: App
        secrets: [{env: APP_SECRET}, {file: secrets/app}]
        callback_urls: [https://app.example/callback, com.example.app:/callback]
        logout_urls: https://app.example/
        backchannel_logout_uri: https://10.1.2.4:8443/signed-out?by=hub
        frontchannel_logout_uri: https://APP.example:443/frame?x=y
        flows: code
        scopes: openid
        providers: COGNITO
        tokens: {access: 5m, id: 10m, refresh: 3650d, rotation: false, grace: 0s, at_logout: keep}
        userinfo_types: typed
        legacy_sub: {pool: old, until: 2027-06-30}
        branding: {title: App, accent: "#654321"}
        read_attributes: [sub, email, custom:level]
        auth: secret
        keys: {jwks: {file: keys/app.json}}
        request_object: required
        algorithm: PS256
        dpop: off
        require_par: true
        introspects: true
        claims: {"custom:level": {attribute: "custom:level", in: [access]}}
      - id: bank
        profile: fapi2
        jwks_uri: https://bank.example/jwks.json
        callback_urls: https://bank.example/callback
      - {id: terminal, profile: fapi2, mtls: {thumbprint: "2F:1C:9D:00:5E:77:41:8A:B3:C6:D9:EC:0F:12:35:58:7B:9E:A1:C4:E7:0A:2D:50:73:96:B9:DC:FF:22:45:68"},
         flows: client_credentials, scopes: https://orders.example/read}
      - {id: orders-api, secret: {env: APP_SECRET}, introspects: true}
      - {id: backend, secret: {env: APP_SECRET}, flows: token_exchange, token_exchange: {from: [two-secrets, bank]}, scopes: https://orders.example/read}
      - {id: television, public: true, flows: device_code}
    users:
      - {username: ada, password: more-than-fifteen, disabled: true, attributes: {email: ada@corp.example, email_verified: true, "custom:level": 3}}
      - {username: bob, temporary_password: {env: APP_SECRET}, attributes: {email: bob@corp.example}}
`), absolute(machine(), "/etc/isthmus"))
	if err != nil {
		t.Fatal(err)
	}
	zero, en, tenant := 0, "en", "main"
	tokens := Tokens{Access: time.Hour, ID: time.Hour, Refresh: 30 * day, Grace: 10 * time.Second, AtLogout: "revoke"}
	oneParsed, err := proof.ParseKeys([]byte(oneKey))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Path:           "/etc/isthmus/isthmus.yaml",
		Listen:         []Listener{{Address: ":8443", TLS: &TLS{Certificate: "/etc/isthmus/tls/chain.pem", Key: "/keys/key.pem"}}, {Address: "[::1]:80"}},
		Store:          "/etc/isthmus/data/hub.db",
		SealingKey:     Reference{Env: "SEAL"},
		Admin:          Admin{Socket: "/run/isthmus.sock"},
		Metrics:        "localhost:9090",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")},
		Outbound:       Outbound{Allow: []string{"10.0.0.0/8"}},
		Log:            Log{Level: slog.LevelWarn, Format: "json"},
		Pools: []Pool{{
			Name: "main", Issuer: "https://id.example/main", Title: "Main", Language: "de",
			Branding: Branding{Accent: "#123456", Radius: &zero, Links: Links{Terms: "https://www.example/terms#top", Help: "mailto:help@www.example"}},
			Signing:  Signing{Algorithm: "EdDSA", Every: 30 * day, Ahead: time.Hour},
			Claims: []ClaimRule{
				{Claim: "department", Attribute: "custom:unit"}, {Claim: "tenant", Value: &tenant, In: []string{"id", "access"}},
				{Claim: "domain", Expr: "user.email", In: []string{"access"}},
			},
			Registration: Registration{Enabled: true},
			ResourceServers: []ResourceServer{{
				Identifier: "https://orders.example", Name: "Orders", Scopes: []ResourceScope{{Name: "read", Description: "Read orders"}},
			}},
			Session:        Session{Lifetime: 36 * time.Hour},
			Logout:         Logout{Deadline: 72 * time.Hour, OnExpiry: true, Show: true},
			PasswordPolicy: PasswordPolicy{MinimumLength: 15, TemporaryLifetime: day},
			Attributes: Attributes{
				Required: []string{"email"},
				Custom:   []CustomAttribute{{Name: "level", Type: "Number", Immutable: true}, {Name: "custom:unit", MaxLength: 8}},
			},
			Providers: []Provider{{
				Name: "CorporateID", Label: "Corporate ID", Issuer: "https://10.1.2.3", Endpoints: Endpoints{Token: "https://10.1.2.3/token"},
				ClientID: "0123456", ClientAuth: "none", Scopes: []string{"openid"}, AttributesRequestMethod: "POST",
				Identifiers: []string{"corp.example"}, Algorithms: []string{"RS256", "ES256"}, Logout: "never", LogoutStyle: "cognito",
				Link:    Link{TrustedDomains: []string{"corp.example", "staff.corp.example"}, OnMatch: "never"},
				Samples: Samples{For: day},
				Mapping: []Rule{
					{Attribute: "email", From: []string{"mail", "email"}},
					{Attribute: "email_verified", From: []string{"email_verified"}, TrustVerification: true},
					{Attribute: "custom:level", From: []string{"/org/level"}, Default: "1", OnMissing: "default", Write: "once"},
					{Attribute: "nickname", Expr: "claims.nick"},
					{Attribute: "locale", Value: &en},
					{Attribute: "groups", From: []string{"roles"}, Split: ",", Write: "reconcile"},
				},
			}},
			Clients: []Client{{
				ID: "two-secrets", Name: "App", Secrets: []Secret{NewSecret("app-secret-0123456789abcdef"), NewSecret("from-a-file-0123456789-0123")},
				CallbackURLs:         []string{"https://app.example/callback", "com.example.app:/callback"},
				LogoutURLs:           []string{"https://app.example/"},
				BackchannelLogoutURI: "https://10.1.2.4:8443/signed-out?by=hub", FrontchannelLogoutURI: "https://APP.example:443/frame?x=y",
				Flows: []string{"code"}, Scopes: []string{"openid"}, Providers: []string{"COGNITO"},
				Tokens:   Tokens{Access: 5 * time.Minute, ID: 10 * time.Minute, Refresh: 3650 * day, Rotation: new(false), AtLogout: "keep"},
				Branding: ClientBranding{Title: "App", Accent: "#654321"}, UserinfoTypes: "typed", LegacySub: &LegacySub{"old", time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC)}, ReadAttributes: []string{"sub", "email", "custom:level"},
				Auth: "secret", Keys: Keys{JWKS: oneKey, Parsed: oneParsed}, RequestObject: "required", Algorithm: "PS256", DPoP: "off", RequirePAR: true, Introspects: true,
				Claims: []ClaimRule{{Claim: "custom:level", Attribute: "custom:level", In: []string{"access"}}},
			}, {
				ID: "bank", Name: "bank", Auth: "private_key_jwt", Profile: "fapi2", JWKSURI: "https://bank.example/jwks.json",
				RequestObject: "allowed", Algorithm: "EdDSA", DPoP: "required", RequirePAR: true,
				CallbackURLs: []string{"https://bank.example/callback"}, Flows: []string{"code"}, Scopes: []string{"openid", "email", "profile"},
				Providers: []string{"CorporateID"}, Tokens: tokens, UserinfoTypes: "strings",
			}, {
				ID: "terminal", Name: "terminal", Auth: "tls", Profile: "fapi2", MTLS: MTLS{[]string{"LxydAF53QYqzxtnsDxI1WHueocTnCi1Qc5a53P8iRWg"}},
				RequestObject: "off", Algorithm: "EdDSA", DPoP: "allowed", Flows: []string{"client_credentials"}, Scopes: []string{"https://orders.example/read"},
				Tokens: tokens, UserinfoTypes: "strings",
			}, {
				ID: "orders-api", Name: "orders-api", Auth: "secret", Secrets: []Secret{NewSecret("app-secret-0123456789abcdef")}, Introspects: true,
				RequestObject: "off", Algorithm: "EdDSA", DPoP: "allowed", Tokens: tokens, UserinfoTypes: "strings",
			}, {
				ID: "backend", Name: "backend", Auth: "secret", Secrets: []Secret{NewSecret("app-secret-0123456789abcdef")},
				Flows: []string{"token_exchange"}, TokenExchange: TokenExchange{[]string{"two-secrets", "bank"}}, Scopes: []string{"https://orders.example/read"},
				RequestObject: "off", Algorithm: "EdDSA", DPoP: "allowed", Tokens: tokens, UserinfoTypes: "strings",
			}, {
				ID: "television", Name: "television", Public: true, Flows: []string{"device_code"}, Scopes: []string{"openid", "email", "profile"},
				Providers: []string{"CorporateID"}, RequestObject: "off", Algorithm: "EdDSA", DPoP: "allowed", Tokens: tokens, UserinfoTypes: "strings",
			}},
			Users: []User{{
				Username: "ada", Password: NewSecret("more-than-fifteen"), Disabled: true,
				Attributes: map[string]string{"email": "ada@corp.example", "email_verified": "true", "custom:level": "3"},
			}, {
				Username: "bob", TemporaryPassword: NewSecret("app-secret-0123456789abcdef"), Attributes: map[string]string{"email": "bob@corp.example"},
			}},
		}},
	}
	if diff := cmp.Diff(want, got, byMeaning, cmpopts.IgnoreFields(Config{}, "Warnings")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	app := got.Pools[0].Clients[0].Added
	person := mapping.Attributes{"email": "ada@corp.example", "custom:unit": "x", "custom:level": "3"}
	if claims, left := app.Apply(person, nil, "two-secrets", nil, mapping.AccessToken); len(claims) != 3 || len(left) != 0 {
		t.Errorf("access tokens of the app get %v, not %v", claims, left)
	}
	secrets := got.Pools[0].Clients[0].Secrets
	if a, b := secrets[0].Origin(), secrets[1].Origin(); a != "the variable APP_SECRET" || b != "the file /etc/isthmus/secrets/app" {
		t.Errorf("origins %q and %q", a, b)
	}
}

func TestMigrationAddress(t *testing.T) {
	for want, m := range map[string]MigrationCognito{
		"https://cognito-idp.eu-west-1.amazonaws.com":     {UserPoolID: "eu-west-1_AbCdEf012"},
		"https://cognito-idp.us-gov-east-1.amazonaws.com": {Region: "us-gov-east-1"},
		"http://localhost:9400":                           {Endpoint: "http://localhost:9400"},
	} {
		if got := m.Address(); got != want {
			t.Errorf("%+v is asked at %s, want %s", m, got, want)
		}
	}
}
