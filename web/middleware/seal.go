package middleware

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/securecookie"
)

// Sealer is the authenticated encryption that cookies are kept under. Seal
// draws its own nonce; Open refuses a box that was not sealed under one of the
// accepted keys with the same associated data. *seal.Sealer is one.
type Sealer interface {
	Seal(plain, aad []byte) []byte
	Open(box, aad []byte) ([]byte, error)
}

// MaxCookie is how many bytes of name and value together browsers keep; a
// larger cookie they drop without a word (RFC 6265 §6.1).
const MaxCookie = 4096

// ErrCookieSize says that a value does not fit into one cookie. Who put
// something from a request into a cookie refuses that request.
var ErrCookieSize = errors.New("cookie would be larger than browsers keep")

var errNotOurs = errors.New("cookie was not made here, or not for this name, or is past its time")

// contentKey is the one key in a session's Values: a cookie holds one value.
type contentKey struct{}

// content is what a cookie's box holds.
type content struct {
	issued  time.Time // to the millisecond
	expires time.Time // to the millisecond; zero: with the browser session
	data    []byte
}

// codec is the securecookie.Codec of all our cookies. A value is the time of
// issue, in clear, and an AEAD box with the cookie's name and that time as
// associated data: no cookie can stand in for another or for another pool's, and
// the age of another pool's can be told without its key. The end is inside the
// box, so that a kept copy ends too.
type codec struct {
	sealer Sealer
	now    func() time.Time
}

var _ securecookie.Codec = codec{}

// stamp is the size of a time in a cookie: Unix milliseconds, big-endian.
const stamp = 8

// Encode seals the content in a session's Values for the cookie called name.
func (c codec) Encode(name string, src any) (string, error) {
	values, _ := src.(map[any]any)
	in, ok := values[contentKey{}].(content)
	if !ok {
		return "", fmt.Errorf("cookie %s: no content to seal", name)
	}
	plain := make([]byte, stamp, stamp+len(in.data))
	if !in.expires.IsZero() {
		binary.BigEndian.PutUint64(plain, uint64(in.expires.UnixMilli()))
	}
	value := binary.BigEndian.AppendUint64(make([]byte, 0, 64+2*stamp+len(in.data)), uint64(in.issued.UnixMilli()))
	value = append(value, c.sealer.Seal(append(plain, in.data...), associated(name, value))...)
	if size := len(name) + base64.RawURLEncoding.EncodedLen(len(value)); size > MaxCookie {
		return "", fmt.Errorf("cookie %s of %d bytes (at most %d): %w", name, size, MaxCookie, ErrCookieSize)
	}
	return base64.RawURLEncoding.EncodeToString(value), nil
}

// Decode opens a cookie's value into a session's Values.
func (c codec) Decode(name, value string, dst any) error {
	values, ok := dst.(*map[any]any)
	if !ok {
		return fmt.Errorf("cookie %s: decode into %T", name, dst)
	}
	if len(name)+len(value) > MaxCookie {
		return errNotOurs // a browser would not have kept it
	}
	box, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(box) < stamp {
		return errNotOurs
	}
	plain, err := c.sealer.Open(box[stamp:], associated(name, box[:stamp]))
	if err != nil || len(plain) < stamp {
		return errNotOurs
	}
	out := content{issued: readStamp(box), data: plain[stamp:]}
	if expires := readStamp(plain); expires.UnixMilli() != 0 {
		out.expires = expires
		if !c.now().Before(expires) {
			return errNotOurs
		}
	}
	(*values)[contentKey{}] = out
	return nil
}

// issued tells when a cookie says it was made, unproven; the zero time if the
// value is none of ours or comes from the future.
func (c codec) issued(value string) time.Time {
	const head = 12 // base64 digits: nine bytes, of which the stamp is eight
	if len(value) < head {
		return time.Time{}
	}
	box, err := base64.RawURLEncoding.DecodeString(value[:head])
	if err != nil {
		return time.Time{}
	}
	at := readStamp(box)
	if at.After(c.now().Add(time.Minute)) { // what the clocks of two hubs may differ by
		return time.Time{}
	}
	return at
}

func readStamp(b []byte) time.Time { return time.UnixMilli(int64(binary.BigEndian.Uint64(b))) }

// associated is the data a box is bound to; no cookie name holds a NUL.
func associated(name string, issued []byte) []byte {
	return append(append([]byte(name), 0), issued...)
}
