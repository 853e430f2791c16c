package grant

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/hubtest"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/token"
	"github.com/isthmus-hub/isthmus/mapping"
)

// desk issues tokens of a hub's client to its user.
type desk struct {
	*hubtest.Hub
	client *hub.Client
	user   *hub.User
}

func newDesk(t *testing.T, rules ...mapping.ClaimRule) *desk {
	t.Helper()
	h := hubtest.New(t)
	schema, err := mapping.NewSchema(nil, []mapping.Attribute{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}, {Name: "e"}})
	if err != nil {
		t.Fatal(err)
	}
	h.Pool.Schema = schema
	d := &desk{h, h.Pool.Clients[hubtest.ClientID], h.User(h.Pool, hubtest.Username)}
	if d.client.Claims, err = mapping.CompileClaims(schema, rules); err != nil {
		t.Fatal(err)
	}
	return d
}

// issue returns the claims of the access token and of the ID token.
func (d *desk) issue(t *testing.T) (access, id map[string]any) {
	t.Helper()
	res, err := d.try()
	if err != nil {
		t.Fatal(err)
	}
	return d.open(t, res.AccessToken), d.open(t, res.IDToken)
}

func (d *desk) try() (*oauth.TokenResponse, error) {
	g := &hub.Grant{ID: "g", ClientID: d.client.ID, Entry: hub.Entry{Sub: d.user.Sub, ACR: "a", AuthTime: d.Now()}, Nonce: "n", Resource: []string{"https://orders.example"}}
	return issue(d.Pool, &Party{Client: d.client}, g, d.user, oauth.Scope{"openid", "email"}, true)
}

func (d *desk) open(t *testing.T, raw string) map[string]any {
	t.Helper()
	payload, _, err := d.Pool.Keys.Ring().Verify(raw)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestAddedClaims(t *testing.T) {
	both := []string{"id", "access"}
	d := newDesk(t,
		mapping.ClaimRule{Claim: "tier", Value: new("gold")},
		mapping.ClaimRule{Claim: "email", Attribute: "email", In: []string{"access"}},
		mapping.ClaimRule{Claim: "who", Expr: `user.username + " at " + client_id + " for " + scopes.join(" ")`, In: both},
		mapping.ClaimRule{Claim: "hidden", Attribute: "given_name", In: both},
		mapping.ClaimRule{Claim: "known", Expr: "user.map(k, k).join(\",\")"},
		mapping.ClaimRule{Claim: "broken", Expr: "int(user.email)", In: both},
	)
	d.client.ReadAttributes = []string{"email", "family_name"}
	access, id := d.issue(t)
	for name, want := range map[string]any{"tier": nil, "email": "ana@corp.example", "who": "ana at app for openid email", "hidden": nil, "broken": nil} {
		if access[name] != want {
			t.Errorf("access token: %s is %v, want %v", name, access[name], want)
		}
	}
	for name, want := range map[string]any{
		"tier": "gold", "email": "ana@corp.example", "who": "ana at app for openid email", "hidden": nil, "broken": nil, "known": "email,family_name,sub,username",
	} {
		if id[name] != want {
			t.Errorf("ID token: %s is %v, want %v", name, id[name], want)
		}
	}
}

// TestAddedClaimsWithoutPerson: a client that acts for itself gets what speaks of nobody.
func TestAddedClaimsWithoutPerson(t *testing.T) {
	d := newDesk(t,
		mapping.ClaimRule{Claim: "tier", Value: new("gold"), In: []string{"access"}},
		mapping.ClaimRule{Claim: "mail", Attribute: "email", In: []string{"access"}},
		mapping.ClaimRule{Claim: "by", Expr: "client_id", In: []string{"access"}},
	)
	d.client.Flows, d.client.Scopes = []string{"client_credentials"}, oauth.Scope{"orders/read"}
	res, err := Credentials(d.Pool, &Party{Client: d.client}, &oauth.TokenRequest{}, hub.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	claims := d.open(t, res.AccessToken)
	if claims["tier"] != "gold" || claims["by"] != d.client.ID || claims["mail"] != nil || claims["sub"] != d.client.ID {
		t.Errorf("claims %v", claims)
	}
}

// TestA34_HubClaimsAreReserved: whatever claims this package writes by itself, now or when it is not needed, no rule can make.
func TestA34_HubClaimsAreReserved(t *testing.T) {
	d := newDesk(t)
	d.user.Links = []hub.Link{{Provider: "CorporateID", Subject: "s"}}
	_, id := d.issue(t)
	names := slices.Collect(maps.Keys(id))
	for i := range reflect.TypeFor[access]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[access]().Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	for _, name := range names {
		for _, rule := range []mapping.ClaimRule{{Claim: name, Value: new("x")}, {Claim: name, Expr: `"x"`}, {Claim: name, Attribute: "family_name"}} {
			if _, err := mapping.CompileClaims(d.Pool.Schema, []mapping.ClaimRule{rule}); err == nil {
				t.Errorf("a rule for %s was accepted: %+v", name, rule)
			}
		}
	}
}

// TestA95_TokensAreBounded: attributes of 2 KiB each are fine one by one; a token that they would swell beyond 8 KiB is
// refused, and a smaller one goes out whole.
func TestA95_TokensAreBounded(t *testing.T) {
	for _, use := range []string{"id", "access"} {
		t.Run(use, func(t *testing.T) {
			var rules []mapping.ClaimRule
			for _, name := range strings.Fields("a b c d e") {
				rules = append(rules, mapping.ClaimRule{Claim: "x_" + name, Attribute: "custom:" + name, In: []string{use}})
			}
			d := newDesk(t, rules...)
			last := 0
			for n := 1; n <= 5; n++ {
				d.user.Attributes[fmt.Sprint("custom:", string("abcde"[n-1]))] = strings.Repeat("x", 2000)
				res, err := d.try()
				if err != nil {
					if e := (*oauth.Error)(nil); res != nil || !errors.As(err, &e) || e.Code != oauth.ServerError || !strings.Contains(e.Description, "larger than 8 KiB") {
						t.Fatalf("%d attributes: %v", n, err)
					}
					continue
				}
				last = n
				for _, raw := range []string{res.AccessToken, res.IDToken} {
					if len(raw) >= 8<<10 {
						t.Errorf("%d attributes: %d bytes", n, len(raw))
					}
				}
				claims := d.open(t, map[string]string{"id": res.IDToken, "access": res.AccessToken}[use])
				if claims["x_"+string("abcde"[n-1])] == nil {
					t.Errorf("%d attributes: not all are there", n)
				}
			}
			if last != 2 {
				t.Errorf("%d attributes fitted", last)
			}
		})
	}
}

// TestAlgorithmOfClient: a client's own algorithm signs both tokens, and at_hash goes by it.
func TestAlgorithmOfClient(t *testing.T) {
	d := newDesk(t)
	rotation := token.Rotation{Algorithms: []token.Algorithm{token.ES256, token.EdDSA}, Ahead: time.Minute, Keep: time.Hour}
	var err error
	if d.Pool.Keys, err = hub.OpenKeys(t.Context(), d.Pool.Space, d.Pool.Secrets.Signing, rotation); err != nil {
		t.Fatal(err)
	}
	for _, a := range []token.Algorithm{"", token.ES256, token.EdDSA} {
		d.client.Algorithm = a
		want := a
		if a == "" {
			want = token.ES256
		}
		res, err := d.try()
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range []string{res.AccessToken, res.IDToken} {
			if _, header, err := d.Pool.Keys.Ring().Verify(raw); err != nil || header.Algorithm != want {
				t.Errorf("%q: signed with %s, %v", a, header.Algorithm, err)
			}
		}
		if got := d.open(t, res.IDToken)["at_hash"]; got != want.HalfHash(res.AccessToken) {
			t.Errorf("%q: at_hash %v", a, got)
		}
	}
	d.client.Algorithm = token.PS256
	if _, err := d.try(); !errors.Is(err, token.ErrNoActiveKey) {
		t.Errorf("an algorithm without a key: %v", err)
	}
}
