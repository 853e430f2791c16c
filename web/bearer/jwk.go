package bearer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/isthmus-hub/isthmus/idp/signature"
)

// RSA keys below can be broken, above cost too much to use.
const minRSA, maxRSA = 2048, 8192

// parseJWK reads one key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). Certificates in
// it are not looked at.
func parseJWK(members map[string]any) (slot, publicKey, error) {
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, ok := members[name]; ok {
			return slot{}, publicKey{}, fmt.Errorf("a key holds a private part (%s): whoever reads the set can sign with it", name)
		}
	}
	r := reader{claims: members}
	at := slot{kid: r.text("kid"), family: r.text("kty")}
	k := publicKey{algorithm: r.text("alg")}
	use, operations := r.text("use"), r.list("key_ops")
	switch {
	case at.kid == "":
		return at, k, errors.New("a key has no kid")
	case use != "" && use != "sig", len(operations) > 0 && !slices.Contains(operations, "verify"):
		return at, k, errors.New("a key is not for signatures")
	case k.algorithm != "" && family(k.algorithm) != at.family:
		return at, k, errors.New("a key is for an algorithm that is not ours or not its own")
	}
	var err error
	switch at.family {
	case "RSA":
		k.key, err = parseRSA(r.text("n"), r.text("e"))
	case "EC":
		k.key, err = parseEC(r.text("crv"), r.text("x"), r.text("y"))
	case "OKP":
		k.key, err = parseOKP(r.text("crv"), r.text("x"))
	default:
		err = errors.New("a key is of an unknown type")
	}
	return at, k, errors.Join(err, r.err)
}

func parseRSA(modulus, exponent string) (crypto.PublicKey, error) {
	n, ok1 := signature.Decode(modulus)
	e, ok2 := signature.Decode(exponent)
	if !ok1 || !ok2 || len(n) > maxRSA/8 || len(e) > 4 {
		return nil, errors.New("an RSA key is out of form")
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if key.N.BitLen() < minRSA || key.N.Bit(0) == 0 || key.E < 3 || key.E > 1<<31-1 || key.E%2 == 0 {
		return nil, errors.New("an RSA key is weak")
	}
	return key, nil
}

func parseEC(curve, x, y string) (crypto.PublicKey, error) {
	px, ok1 := signature.Decode(x)
	py, ok2 := signature.Decode(y)
	if curve != "P-256" || !ok1 || !ok2 || len(px) != 32 || len(py) != 32 {
		return nil, errors.New("an EC key is out of form or not on P-256")
	}
	point := slices.Concat([]byte{4}, px, py) // uncompressed (SEC 1 §2.3.3)
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
}

func parseOKP(curve, x string) (crypto.PublicKey, error) {
	key, ok := signature.Decode(x)
	if curve != "Ed25519" || !ok || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("an OKP key is out of form or not on Ed25519")
	}
	return ed25519.PublicKey(key), nil
}
