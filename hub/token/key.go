package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// State is where a key stands in its life. Keys of every state are published and verify.
type State string

// A key goes through these states in this order. Emergency withdrawal is no state: the key is left out of the ring.
const (
	Next    State = "next"    // published, not yet signing
	Active  State = "active"  // signing
	Retired State = "retired" // no longer signing, kept until the last token it signed has ended
)

// Sizes of RSA keys in bits: what Generate makes, and what is taken.
const (
	DefaultRSABits = 2048
	maxRSABits     = 8192
)

// Key is a signing key. The exported fields may be stored as they are; the private half is stored, sealed, by MarshalPrivate. A Key
// handed to a Ring is copied there, and its private half never changes, so keys may be shared.
type Key struct {
	ID        string    `json:"id"` // RFC 7638 thumbprint, SHA-256, base64url
	Algorithm Algorithm `json:"algorithm"`
	State     State     `json:"state"`
	Created   time.Time `json:"created"`
	Activated time.Time `json:"activated,omitzero"` // zero until active
	Retired   time.Time `json:"retired,omitzero"`   // zero until retired
	// Keep is how long it stays published after that: the longest that Rotation asked for while it was active. Zero if it never was.
	Keep time.Duration `json:"keep,omitzero"`

	private func() crypto.Signer // not the key itself: fmt would print it in the fields of a struct
}

// Generate makes a key for the algorithm, with 2048 bits when that is RSA. Its state is Next and its times are unset. RSA takes some
// tenths of a second: not inside a transaction.
func Generate(a Algorithm) (*Key, error) {
	var (
		private crypto.Signer
		err     error
	)
	switch a {
	case RS256, PS256:
		private, err = rsa.GenerateKey(rand.Reader, DefaultRSABits)
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		return nil, fmt.Errorf("generate a signing key: algorithm %q is not supported", a)
	}
	if err != nil {
		return nil, fmt.Errorf("generate a signing key: %w", err)
	}
	return New(a, private)
}

// New makes a Key of a private key that somebody already has. A key that does not fit the algorithm or is too weak is refused.
func New(a Algorithm, private crypto.Signer) (*Key, error) {
	if err := checkPrivate(a, private); err != nil {
		return nil, fmt.Errorf("signing key for %s: %w", a, err)
	}
	id, err := thumbprint(private.Public())
	if err != nil {
		return nil, fmt.Errorf("signing key for %s: %w", a, err)
	}
	return &Key{ID: id, Algorithm: a, State: Next, private: func() crypto.Signer { return private }}, nil
}

// MarshalPrivate returns the private key as PKCS #8, DER (RFC 5958). It is the secret itself and belongs in a seal.Sealer.
func (k *Key) MarshalPrivate() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private())
	if err != nil {
		return nil, fmt.Errorf("marshal signing key %s: %w", k.ID, err)
	}
	return der, nil
}

// ParsePrivate reads PKCS #8, DER, for the algorithm: the encoding alone does not tell RS256 from PS256. It refuses what New refuses.
// The key has its ID; state and times are the caller's to restore.
func ParsePrivate(a Algorithm, der []byte) (*Key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("signing key for %s: not a PKCS #8 private key", a) // the parser's error may quote the key
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("signing key for %s: a %T can not sign", a, parsed)
	}
	return New(a, private)
}

// Public returns the public half.
func (k *Key) Public() crypto.PublicKey { return k.private().Public() }

// Format prints algorithm, id and state under every verb, never the private half.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.LogValue().String()) }

// LogValue is what Format prints.
func (k Key) LogValue() slog.Value {
	return slog.StringValue(fmt.Sprintf("token.Key(%s %s %s)", k.Algorithm, k.ID, k.State))
}

func checkPrivate(a Algorithm, private crypto.Signer) error {
	switch private := private.(type) {
	case *rsa.PrivateKey:
		if a != RS256 && a != PS256 {
			return errors.New("an RSA key does not fit")
		}
		if bits := private.N.BitLen(); bits < DefaultRSABits || bits > maxRSABits {
			return fmt.Errorf("RSA must have %d to %d bits, not %d", DefaultRSABits, maxRSABits, bits)
		}
		if private.E < 65537 {
			return fmt.Errorf("RSA exponent %d is too small", private.E)
		}
		return private.Validate()
	case *ecdsa.PrivateKey:
		if a != ES256 || private.Curve != elliptic.P256() {
			return fmt.Errorf("an ECDSA key on %s does not fit", private.Curve.Params().Name)
		}
		return nil
	case ed25519.PrivateKey:
		if a != EdDSA || len(private) != ed25519.PrivateKeySize {
			return errors.New("an Ed25519 key does not fit")
		}
		return nil
	}
	return fmt.Errorf("a key of type %T can not be used", private)
}
