package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// Size is the length of a master key in bytes.
const Size = 32

// maxKeys bounds how many keys one text may hold.
const maxKeys = 16

// keyID names a master key without telling anything about it.
type keyID [4]byte

type master struct {
	id     keyID
	secret *[Size]byte
}

// Key is the master sealing key, with the older ones that still open. Make one with Generate, Parse, Load or Create.
type Key struct {
	masters []*master // newest first; behind two pointers, because fmt looks through one in the fields of a struct
}

// Generate makes a key of random bytes.
func Generate() *Key {
	var secret [Size]byte
	rand.Read(secret[:])
	return &Key{masters: []*master{newMaster(&secret)}}
}

// Parse reads one key or several, newest first, separated by white space or commas. Each is 32 bytes in base64 (standard or URL
// alphabet, with or without padding) or in hexadecimal. What follows # on a line is a comment. Errors never hold any part of the text.
func Parse(text string) (*Key, error) {
	k := &Key{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for word := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n", r) }) {
			m, err := parseMaster(word)
			if err != nil {
				return nil, fmt.Errorf("sealing key number %d: %w", len(k.masters)+1, err)
			}
			if slices.ContainsFunc(k.masters, func(have *master) bool { return have.id == m.id }) {
				return nil, fmt.Errorf("sealing key number %d: given before", len(k.masters)+1)
			}
			if len(k.masters) == maxKeys {
				return nil, fmt.Errorf("more than %d sealing keys", maxKeys)
			}
			k.masters = append(k.masters, m)
		}
	}
	if len(k.masters) == 0 {
		return nil, ErrNoKey
	}
	return k, nil
}

func parseMaster(word string) (*master, error) {
	plain, err := hex.DecodeString(word)
	if err != nil || len(plain) != Size {
		word = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(word, "="))
		plain, err = base64.RawStdEncoding.Strict().DecodeString(word)
	}
	if err != nil || len(plain) != Size {
		return nil, errors.New("it must be 32 bytes, as 44 characters of base64 or 64 of hexadecimal")
	}
	secret := [Size]byte(plain)
	if tooSimple(&secret) {
		return nil, errors.New("its bytes are not random")
	}
	return newMaster(&secret), nil
}

// tooSimple catches placeholders: 32 random bytes have fewer than 16 different values in about one case of 10^15.
func tooSimple(secret *[Size]byte) bool {
	var seen [256]bool
	different := 0
	for _, b := range secret {
		if !seen[b] {
			seen[b] = true
			different++
		}
	}
	return different < Size/2
}

func newMaster(secret *[Size]byte) *master {
	return &master{id: keyID(derive(secret, "id", "", len(keyID{}))), secret: secret}
}

// derive is the only use of a master key's bytes.
func derive(secret *[Size]byte, kind, purpose string, size int) []byte {
	out, err := hkdf.Key(sha256.New, secret[:], nil, "isthmus seal v1\x00"+kind+"\x00"+purpose, size)
	if err != nil {
		panic(fmt.Sprintf("seal: derive %d bytes: %v", size, err)) // HKDF gives up to 8160 bytes
	}
	return out
}

// Rotate returns a Key with a new random master key first and k's after it.
func (k *Key) Rotate() *Key {
	return &Key{masters: append(Generate().masters, k.masters...)}
}

// Text is the secret itself, in the form that Parse reads: one base64 key a line, newest first.
func (k *Key) Text() string {
	var b strings.Builder
	for _, m := range k.masters {
		b.WriteString(base64.StdEncoding.EncodeToString(m.secret[:]) + "\n")
	}
	return b.String()
}

// ID names the newest master key in 8 hexadecimal digits. It is no secret.
func (k *Key) ID() string { return hex.EncodeToString(k.masters[0].id[:]) }

// IDs names all master keys, newest first.
func (k *Key) IDs() []string {
	ids := make([]string, len(k.masters))
	for i, m := range k.masters {
		ids[i] = hex.EncodeToString(m.id[:])
	}
	return ids
}

// Subkeys derives size bytes for a purpose from every master key, newest first: for code that takes raw keys, such as
// gorilla/securecookie. They differ from those of Derive for the same purpose. size is at most 8160.
func (k *Key) Subkeys(purpose string, size int) [][]byte {
	keys := make([][]byte, len(k.masters))
	for i, m := range k.masters {
		keys[i] = derive(m.secret, "raw", purpose, size)
	}
	return keys
}

// Format prints the id under every verb, so that a key in a log line tells nothing.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "seal.Key(%s)", k.ID()) }

// LogValue is the id.
func (k Key) LogValue() slog.Value { return slog.StringValue("seal.Key(" + k.ID() + ")") }

// MarshalText refuses: a key is written by Create or Text, never by accident.
func (k Key) MarshalText() ([]byte, error) {
	return nil, errors.New("a sealing key is not to be marshalled")
}
