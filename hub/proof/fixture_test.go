package proof_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/token"
)

const (
	issuer   = "https://id.example/eu"
	clientID = "app-1"
)

// now is not on a whole second: nothing may depend on it.
var now = time.Date(2026, 1, 5, 12, 0, 0, 250e6, time.UTC)

// after is a NumericDate.
func after(d time.Duration) int64 { return now.Add(d).Unix() }

// object is a JSON object to be written.
type object map[string]any

// with returns a copy with these members changed; a nil value takes the member away.
func (o object) with(changes object) object {
	o = maps.Clone(o)
	for name, v := range changes {
		if o[name] = v; v == nil {
			delete(o, name)
		}
	}
	return o
}

// null is the JSON null, where nil would take the member away.
var null = json.RawMessage("null")

// signer signs what it is told to, sense or not.
type signer struct {
	algorithm token.Algorithm
	id        string
	private   crypto.Signer
}

func (s *signer) jwk() object {
	data, err := jose.JSONWebKey{Key: s.private.Public()}.MarshalJSON()
	if err != nil {
		panic(err)
	}
	o := object{}
	if err := json.Unmarshal(data, &o); err != nil {
		panic(err)
	}
	return o
}

// privateJWK is the jwk with its private part.
func (s *signer) privateJWK() object {
	data, err := jose.JSONWebKey{Key: s.private}.MarshalJSON()
	if err != nil {
		panic(err)
	}
	o := object{}
	if err := json.Unmarshal(data, &o); err != nil {
		panic(err)
	}
	return o
}

// sign makes a JWS of a header and a payload, taken as they are.
func (s *signer) sign(header, payload []byte) string {
	input := encode(header) + "." + encode(payload)
	return input + "." + encode(s.signature(s.algorithm, []byte(input)))
}

func (s *signer) signature(a token.Algorithm, input []byte) []byte {
	digest := sha256.Sum256(input)
	switch private := s.private.(type) {
	case *rsa.PrivateKey:
		if a == token.PS256 {
			return must(rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
		}
		return must(rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:]))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			panic(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case ed25519.PrivateKey:
		return ed25519.Sign(private, input)
	}
	panic("unknown key")
}

// jwt signs JSON, under its own alg and kid unless the header says otherwise.
func (s *signer) jwt(header, claims object) string {
	h := object{"alg": s.algorithm}
	if s.id != "" {
		h["kid"] = s.id
	}
	return s.sign(must(json.Marshal(h.with(header))), must(json.Marshal(claims)))
}

var makeKeys = sync.OnceValue(func() map[token.Algorithm][2]*signer {
	made := map[token.Algorithm][2]*signer{}
	for i := range 2 {
		id := []string{"first", "second"}[i]
		rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
		_, edKey, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			panic(err)
		}
		for a, private := range map[token.Algorithm]crypto.Signer{
			token.RS256: rsaKey, token.PS256: rsaKey, token.ES256: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), token.EdDSA: edKey,
		} {
			pair := made[a]
			pair[i] = &signer{a, id + " " + string(a), private}
			made[a] = pair
		}
	}
	return made
})

// client is the signer of the client, stranger one of somebody else with the same kid. Both are made once: RSA keys are slow to make.
func client(a token.Algorithm) *signer { return makeKeys()[a][0] }

func stranger(a token.Algorithm) *signer {
	s := *makeKeys()[a][1]
	s.id = client(a).id
	return &s
}

// keySet writes a JWKS of the signers' public keys.
func keySet(signers ...*signer) []byte {
	list := []object{}
	for _, s := range signers {
		list = append(list, s.jwk().with(object{"kid": s.id, "use": "sig", "alg": s.algorithm}))
	}
	return must(json.Marshal(object{"keys": list}))
}

// keys are the client's registered keys, one of each algorithm unless told otherwise.
func keys(t testing.TB, signers ...*signer) *proof.Keys {
	t.Helper()
	if len(signers) == 0 {
		for _, a := range token.Algorithms() {
			signers = append(signers, client(a))
		}
	}
	k, err := proof.ParseKeys(keySet(signers...))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// wantCode checks that err is an *oauth.Error of the code, whose description can go out.
func wantCode(t testing.TB, err error, code oauth.Code) {
	t.Helper()
	e, ok := errors.AsType[*oauth.Error](err)
	if !ok || e.Code != code || e.Description == "" {
		t.Errorf("got %v, want %s", err, code)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
