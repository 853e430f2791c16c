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

// codec is the securecookie.Codec of all our cookies: an AEAD box with the
// cookie's name as associated data, so that no cookie can stand in for another
// or for another pool's, and with its end inside, so that a kept copy ends too.
type codec struct {
	sealer Sealer
	now    func() time.Time
}

var _ securecookie.Codec = codec{}

const (
	contentHeader = 16 // issued and expires, Unix milliseconds, big-endian
	minBox        = 16 // no AEAD tag is shorter
)

// Encode seals the content in a session's Values for the cookie called name.
func (c codec) Encode(name string, value any) (string, error) {
	values, _ := value.(map[any]any)
	in, ok := values[contentKey{}].(content)
	if !ok {
		return "", fmt.Errorf("cookie %s: no content to seal", name)
	}
	plain := make([]byte, contentHeader, contentHeader+len(in.data))
	binary.BigEndian.PutUint64(plain, uint64(in.issued.UnixMilli()))
	if !in.expires.IsZero() {
		binary.BigEndian.PutUint64(plain[8:], uint64(in.expires.UnixMilli()))
	}
	box := c.sealer.Seal(append(plain, in.data...), []byte(name))
	if size := len(name) + base64.RawURLEncoding.EncodedLen(len(box)); size > MaxCookie {
		return "", fmt.Errorf("cookie %s of %d bytes (at most %d): %w", name, size, MaxCookie, ErrCookieSize)
	}
	return base64.RawURLEncoding.EncodeToString(box), nil
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
	if err != nil || len(box) < minBox {
		return errNotOurs
	}
	plain, err := c.sealer.Open(box, []byte(name))
	if err != nil || len(plain) < contentHeader {
		return errNotOurs
	}
	out := content{
		issued: time.UnixMilli(int64(binary.BigEndian.Uint64(plain))),
		data:   plain[contentHeader:],
	}
	if ms := binary.BigEndian.Uint64(plain[8:]); ms != 0 {
		out.expires = time.UnixMilli(int64(ms))
		if !c.now().Before(out.expires) {
			return errNotOurs
		}
	}
	(*values)[contentKey{}] = out
	return nil
}
