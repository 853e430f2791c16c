package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"log/slog"
)

// ErrWrongKey means that a box was sealed by a master key that is not at hand.
var ErrWrongKey = errors.New("sealed with a key that is not loaded")

// ErrAltered means that a box does not open: it or its associated data was altered, or it was sealed for another purpose.
var ErrAltered = errors.New("sealed data was altered or belongs elsewhere")

// version is the first byte of a box: AES-256-GCM, random nonce.
const version = 1

// header is the length of a box's version and key id; Overhead is by how much a box is longer than what is in it.
const (
	header   = 1 + len(keyID{})
	Overhead = header + 12 + 16
)

// Sealer seals, opens and authenticates data for one purpose.
type Sealer struct {
	purpose string
	keys    []subkey // newest first
}

// subkey gives its ciphers by functions, because fmt would print the bytes of a value in the fields of a struct, however deep.
type subkey struct {
	id   keyID
	aead func() cipher.AEAD
	mac  func() hash.Hash
}

// Derive returns the Sealer of a purpose, such as "cookie" or "pool/eu/signing". It is meant to be called once and kept.
func (k *Key) Derive(purpose string) *Sealer {
	s := &Sealer{purpose: purpose}
	for _, m := range k.masters {
		block, err := aes.NewCipher(derive(m.secret, "aes", purpose, 32))
		if err != nil {
			panic("seal: " + err.Error()) // 32 bytes are a key of AES
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			panic("seal: " + err.Error()) // AES has the block size of GCM
		}
		mac := derive(m.secret, "mac", purpose, 32)
		s.keys = append(s.keys, subkey{
			id:   m.id,
			aead: func() cipher.AEAD { return aead },
			mac:  func() hash.Hash { return hmac.New(sha256.New, mac) },
		})
	}
	return s
}

// Seal encrypts plain and binds it to aad, which Open must be given again; aad is not in the box. The box is Overhead bytes longer than
// plain: version, key id, nonce, ciphertext, tag.
func (s *Sealer) Seal(plain, aad []byte) []byte {
	k := &s.keys[0]
	box := make([]byte, header, len(plain)+Overhead)
	box[0] = version
	copy(box[1:], k.id[:])
	return k.aead().Seal(box, nil, plain, aad)
}

// Open returns what Seal was given. A key that is not at hand is ErrWrongKey, anything else that is wrong ErrAltered.
func (s *Sealer) Open(box, aad []byte) ([]byte, error) {
	if len(box) < Overhead || box[0] != version {
		return nil, ErrAltered
	}
	id := keyID(box[1:header])
	for i := range s.keys {
		if s.keys[i].id != id {
			continue
		}
		plain, err := s.keys[i].aead().Open(nil, nil, box[header:], aad)
		if err != nil {
			return nil, ErrAltered
		}
		return plain, nil
	}
	return nil, fmt.Errorf("key %x: %w", id, ErrWrongKey)
}

// Rewrap returns the content of box sealed with the newest key, or box itself when it is so already. Errors are those of Open.
func (s *Sealer) Rewrap(box, aad []byte) ([]byte, error) {
	plain, err := s.Open(box, aad)
	if err != nil {
		return nil, err
	}
	if keyID(box[1:header]) == s.keys[0].id {
		return box, nil
	}
	return s.Seal(plain, aad), nil
}

// MAC returns the HMAC-SHA256 of data under the newest key. It is deterministic.
func (s *Sealer) MAC(data []byte) [32]byte { return s.keys[0].sum(data) }

// VerifyMAC reports whether mac is the MAC of data under any of the keys. The comparison takes constant time.
func (s *Sealer) VerifyMAC(data, mac []byte) bool {
	for i := range s.keys {
		if want := s.keys[i].sum(data); hmac.Equal(want[:], mac) {
			return true
		}
	}
	return false
}

func (k *subkey) sum(data []byte) (out [32]byte) {
	h := k.mac()
	h.Write(data)
	h.Sum(out[:0])
	return out
}

// Format prints the purpose under every verb.
func (s Sealer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "seal.Sealer(%s)", s.purpose) }

// LogValue is the purpose.
func (s Sealer) LogValue() slog.Value { return slog.StringValue("seal.Sealer(" + s.purpose + ")") }
