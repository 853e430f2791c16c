package proof_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// FuzzProofs: nothing passes whose signature go-jose would not find good, whatever its form; nothing panics, and every refusal has the code of its kind.
func FuzzProofs(f *testing.F) {
	all := judges(f)
	codes := map[string]oauth.Code{"assertion": oauth.InvalidClient, "DPoP proof": oauth.InvalidDPoPProof, "request object": oauth.InvalidRequestObject}
	for _, j := range all {
		f.Add(j.good(client(token.EdDSA)))
		f.Add(j.good(client(token.EdDSA)) + "=")
		f.Add(j.good(client(token.PS256)))
	}
	for _, raw := range hostile() {
		f.Add(raw[:min(len(raw), token.MaxSize+1)])
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for kind, j := range all {
			err := j.take(raw)
			if err == nil {
				if !verifies(raw) {
					t.Errorf("%s: %q is taken", kind, raw)
				}
				continue
			}
			wantCode(t, err, codes[kind])
		}
		if id, err := proof.ClientID(raw); (id == "") != (err != nil) {
			t.Errorf("%q: client %q and %v", raw, id, err)
		}
	})
}

// verifies asks go-jose whether a key of the client, or the one in the header, made the signature.
func verifies(raw string) bool {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA})
	if err != nil {
		return false
	}
	if jwk := jws.Signatures[0].Header.JSONWebKey; jwk != nil {
		_, err := jws.Verify(jwk)
		return err == nil
	}
	for _, a := range token.Algorithms() {
		if _, err := jws.Verify(client(a).private.Public()); err == nil {
			return true
		}
	}
	return false
}

// FuzzSigned signs any header and claims. What passes is what the rules say, by a reading of its own: the standard decoder, which must
// see no other values than ours did, and go-jose, which must find the signature good.
func FuzzSigned(f *testing.F) {
	s := client(token.EdDSA)
	for _, j := range judges(f) {
		f.Add(must(json.Marshal(j.headerOf(s))), must(json.Marshal(j.claims)))
	}
	f.Add([]byte(`{"alg":"Ed25519","typ":"application/JWT"}`), must(json.Marshal(assertionClaims().with(object{"aud": []string{tokenURL, issuer}}))))
	f.Add([]byte(`{"alg":"EdDSA","typ":"jwt","kid":""}`), must(json.Marshal(requestClaims().with(object{"aud": []string{issuer, "x"}, "resource": []string{"a", "b"}}))))
	f.Add(must(json.Marshal(judges(f)["DPoP proof"].headerOf(s))), must(json.Marshal(dpopClaims().with(object{"htu": "HTTPS://API.example:443/./orders/7?x", "iat": 1e9, "nbf": 0.5}))))
	k := keys(f, s)
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		raw := s.sign(header, payload)
		var h struct{ Alg, Typ string }
		var c struct {
			Iss, Sub, Jti, Htm, Htu, Ath string
			Aud                          any
			Exp, Nbf, Iat                *float64
			ClientID                     string `json:"client_id"`
		}
		agree := func(what string) {
			t.Helper()
			if json.Unmarshal(header, &h) != nil || json.Unmarshal(payload, &c) != nil {
				t.Fatalf("%s: %s %s is taken, but the standard decoder refuses it", what, header, payload)
			}
			if h.Alg != "Ed25519" && !verifies(raw) { // go-jose knows EdDSA by its first name only
				t.Fatalf("%s: go-jose refuses %s", what, raw)
			}
			for _, member := range []string{"crit", "jku", "x5u", "x5c", "b64", "zip"} {
				if topLevel(header, member) {
					t.Fatalf("%s: taken with %s in %s", what, member, header)
				}
			}
		}
		unix := func(v *float64) time.Time { return time.UnixMicro(int64(*v * 1e6)) }
		if got, err := proof.Assertion(raw, k, laxRules()); err == nil {
			agree("assertion")
			if c.Iss != clientID || c.Sub != clientID || got.ID != c.Jti || c.Jti == "" || c.Exp == nil || !names(c.Aud, issuer, tokenURL) {
				t.Fatalf("assertion: %s is taken", payload)
			}
			if !now.Before(got.Expires) || got.Expires.After(now.Add(proof.AssertionLife+2*proof.Skew)) || got.Expires.Sub(unix(c.Exp)).Abs() > proof.Skew+time.Second {
				t.Fatalf("assertion: %s is remembered until %s", payload, got.Expires)
			}
		}
		if got, err := proof.DPoP([]string{raw}, dpopRequest()); err == nil {
			agree("DPoP proof")
			if h.Typ != "dpop+jwt" || c.Htm != "GET" || c.Ath != tokenHash(accessToken) || got.ID != c.Jti || c.Jti == "" || c.Iat == nil {
				t.Fatalf("DPoP proof: %s %s is taken", header, payload)
			}
			if got.Thumbprint != thumbprint(t, s) || unix(c.Iat).Sub(now).Abs() > proof.DPoPWindow+time.Second || !now.Before(got.Expires) {
				t.Fatalf("DPoP proof: %s is taken as %+v", payload, got)
			}
		}
		if got, err := proof.RequestObject(raw, k, requestRules()); err == nil {
			agree("request object")
			if c.Iss != clientID || c.ClientID != clientID || c.Sub != "" || c.Exp == nil || c.Nbf == nil || got.Has("request") || got.Has("request_uri") || got.Has("iss") {
				t.Fatalf("request object: %s is taken as %v", payload, got)
			}
			if unix(c.Exp).Sub(unix(c.Nbf)) > proof.RequestLife+time.Second || unix(c.Nbf).After(now.Add(proof.Skew+time.Second)) {
				t.Fatalf("request object: times of %s", payload)
			}
			if r, _ := oauth.ParseAuthorization(got); r.ClientID != "" && r.ClientID != clientID {
				t.Fatalf("request object: %s is a request of %q", payload, r.ClientID)
			}
		}
	})
}

// topLevel tells whether an object has the member.
func topLevel(text []byte, member string) bool {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(text, &members)
	_, ok := members[member]
	return ok
}

// names tells whether aud names these and nobody else.
func names(aud any, allowed ...string) bool {
	list, ok := aud.([]any)
	if !ok {
		list = []any{aud}
	}
	for _, v := range list {
		if s, ok := v.(string); !ok || !slices.Contains(allowed, s) {
			return false
		}
	}
	return len(list) > 0
}

// FuzzParseKeys: a set that is taken holds nothing private, as go-jose reads it, and has as many keys as kids.
func FuzzParseKeys(f *testing.F) {
	f.Add(keySet(client(token.ES256), client(token.EdDSA), client(token.RS256)))
	f.Add(setOf(client(token.ES256).privateJWK()))
	f.Add(setOf(object{"kty": "oct", "k": "AAAA"}, client(token.EdDSA).jwk()))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := proof.ParseKeys(text)
		if (k == nil) != (err != nil) {
			t.Fatalf("both %v and %v", k, err)
		}
		if err != nil {
			return
		}
		ids := k.IDs()
		slices.Sort(ids)
		if len(ids) == 0 || len(ids) > proof.MaxKeys || len(slices.Compact(slices.Clone(ids))) != len(ids) {
			t.Fatalf("kids %q", ids)
		}
		var set struct{ Keys []json.RawMessage }
		if err := json.Unmarshal(text, &set); err != nil {
			t.Fatal(err)
		}
		for _, member := range set.Keys {
			var key jose.JSONWebKey
			if key.UnmarshalJSON(member) == nil && !key.IsPublic() {
				t.Fatalf("%s is taken", text)
			}
		}
	})
}
