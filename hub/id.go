package hub

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"
)

// Ids of what every sign-in makes begin with the time. Records that are made
// together then lie together in the store, and a commit under load writes a few
// pages instead of one for each record.

// stampText is how many characters of an id in base64url tell the time.
const stampText = 8

// NewID is the time, 48 bits of milliseconds, and 208 bits of chance as base64url
// text: an id that nobody guesses.
func NewID(now time.Time) string { return base64.RawURLEncoding.EncodeToString(stamped(now, 32)) }

// NewGrantID is the id of a grant: a UUID of version 7 (RFC 9562 §5.7).
func NewGrantID(now time.Time) string {
	b := stamped(now, 16)
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Random is 256 bits as base64url text: a nonce or a PKCE verifier.
func Random() string {
	raw := make([]byte, 32)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func stamped(now time.Time, size int) []byte {
	b := make([]byte, size)
	rand.Read(b[6:])
	for i, ms := 5, now.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		b[i] = byte(ms)
	}
	return b
}
