package bearer

import (
	"context"
	"encoding/base64"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub/token"
)

// FuzzAuthorization: a header gives a token or a refusal, never both; a token is
// one word of base64url and dots, and stands in the header as it is.
func FuzzAuthorization(f *testing.F) {
	for _, value := range []string{"", "Bearer", "Bearer ", "Bearer a.b.c", "bearer  a", "a.b.c", "Basic YTpi", "Bearer a, Bearer b", "Bearer\ta", "DPoP a", "Bearer a=", " a.b.c ", "..", "Bearer é"} {
		f.Add(value, "", true)
		f.Add(value, "access_token=x", false)
	}
	f.Fuzz(func(t *testing.T, value, query string, raw bool) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = []string{value}
		r.URL.RawQuery = query
		found, refused := findToken(r, raw)
		if (found == "") != (refused != nil) {
			t.Fatalf("token %q and refusal %v", found, refused)
		}
		if refused != nil {
			if refused.Status != 401 || !strings.HasPrefix(refused.challenge("x"), `Bearer realm="x"`) {
				t.Fatalf("refusal %+v", refused)
			}
			return
		}
		if !strings.HasSuffix(strings.TrimRight(value, " \t"), found) || strings.ContainsAny(found, " ,\t\r\n=\"") {
			t.Fatalf("token %q of %q", found, value)
		}
		if scheme := strings.TrimSuffix(strings.Trim(value, " \t"), found); strings.TrimRight(scheme, " ") != "" != strings.EqualFold(strings.TrimRight(scheme, " "), "bearer") || scheme == "" && !raw {
			t.Fatalf("token %q after %q", found, scheme)
		}
		if values, _ := url.ParseQuery(query); values.Has("access_token") {
			t.Fatalf("token beside the query %q", query)
		}
	})
}

// FuzzVerify: whatever is accepted here, go-jose accepts too, with the same
// payload; and a token has one spelling.
func FuzzVerify(f *testing.F) {
	var keys []*token.Key
	for _, a := range []token.Algorithm{token.ES256, token.EdDSA} {
		k, err := token.Generate(a)
		if err != nil {
			f.Fatal(err)
		}
		k.State = token.Active
		keys = append(keys, k)
	}
	ring, err := token.NewRing(keys...)
	if err != nil {
		f.Fatal(err)
	}
	set, err := ParseKeySet(ring.JWKS())
	if err != nil {
		f.Fatal(err)
	}
	good := map[string]bool{}
	for _, k := range keys {
		raw, err := ring.SignWith(k.Algorithm, []byte(`{"sub":"a","exp":1}`), token.TypeNone)
		if err != nil {
			f.Fatal(err)
		}
		good[raw] = true
		f.Add(raw)
		f.Add(raw + "=")
		f.Add(raw[:len(raw)-1])
		f.Add(strings.Replace(raw, ".", ".\n", 1))
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+k.ID+`"}`)) + raw[strings.IndexByte(raw, '.'):])
	}
	f.Fuzz(func(t *testing.T, raw string) {
		payload, h, err := set.Verify(context.Background(), raw)
		if err != nil {
			if payload != nil || h != (Header{}) {
				t.Fatal("a payload beside an error")
			}
			return
		}
		if !good[raw] {
			t.Fatalf("another spelling is good: %s", raw)
		}
		signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if k.ID == h.KeyID {
				if judged, err := signed.Verify(k.Public()); err != nil || string(judged) != string(payload) {
					t.Fatalf("go-jose says %q, %v", judged, err)
				}
			}
		}
	})
}

// FuzzKeySet: what is kept of any key set is sound: go-jose reads the same set and
// finds each kept key valid and public.
func FuzzKeySet(f *testing.F) {
	for _, a := range []token.Algorithm{token.ES256, token.EdDSA} {
		k, err := token.Generate(a)
		if err != nil {
			f.Fatal(err)
		}
		k.State = token.Active
		ring, err := token.NewRing(k)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ring.JWKS())
	}
	f.Add([]byte(`{"keys":[{"kty":"RSA","kid":"r","n":"` + strings.Repeat("_", 342) + `","e":"AQAB"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"oct","kid":"o","k":"AA"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := ParseKeySet(text)
		if (set == nil) == (err == nil) {
			t.Fatalf("set %v and error %v", set, err)
		}
		if err != nil {
			return
		}
		for at, k := range set.keys {
			judge := jose.JSONWebKey{Key: k.key, KeyID: at.kid}
			if at.kid == "" || !judge.Valid() || !judge.IsPublic() {
				t.Fatalf("kept %+v", k)
			}
		}
	})
}

// FuzzForward: no question of a proxy lets a request through with less scope than
// it names, and identity never fails to be cleared.
func FuzzForward(f *testing.F) {
	for _, query := range []string{"", "scope=a", "scope=a&scope=b", "any=a+b", "scope=a;any=b", "scope", "scopes=a", "scope=%zz", "access_token=x", "scope=a%00b"} {
		f.Add(query, "")
		f.Add("scope=z", query)
	}
	f.Fuzz(func(t *testing.T, query, header string) {
		r := httptest.NewRequest("GET", "/-/verify", nil)
		r.URL.RawQuery = query
		n, err := Forward{}.need(r)
		if err == nil && !n.valid() {
			t.Fatalf("%q asks for %q", query, n)
		}
		if err == nil && len(n.all)+len(n.any) == 0 && n.audience == "" && query != "" && strings.Trim(query, "&") != "" && !queryHasToken(query) {
			t.Fatalf("%q asks for nothing", query)
		}
		r.Header["X-Required-Scope"] = []string{header}
		if n, err = (Forward{ScopeHeader: "X-Required-Scope"}).need(r); err == nil && len(n.all) == 0 && !queryHasToken(query) {
			t.Fatalf("header %q asks for nothing", header)
		}
	})
}
