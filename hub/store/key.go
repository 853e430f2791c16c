package store

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// MaxKey is the longest key in bytes, prefix of the space included. The tightest engine is
	// PostgreSQL, whose index rows end at some 2,700 bytes.
	MaxKey = 2048
	// MaxValue is the longest value in bytes. The tightest engine is etcd, whose requests end at 1.5 MiB.
	MaxValue = 1 << 20
)

// CheckEntry gives ErrKey or ErrTooLarge if no engine would store this entry. Engines call it in Put.
func CheckEntry(key string, value []byte) error {
	switch {
	case key == "":
		return fmt.Errorf("%w: it is empty", ErrKey)
	case len(key) > MaxKey:
		return fmt.Errorf("%w: %d bytes are more than %d", ErrKey, len(key), MaxKey)
	case len(value) > MaxValue:
		return fmt.Errorf("%w: %d bytes are more than %d", ErrTooLarge, len(value), MaxValue)
	}
	return nil
}

// joinKey appends parts to prefix, each ended by a NUL byte. As no part may hold a NUL, and NUL is the
// lowest byte, keys sort exactly as their lists of parts do, no key is the beginning of a sibling's, and
// different parts never run together into the same key. Parts must be UTF-8, because JSON would change
// others, and the record would come back with keys that are not its own.
func joinKey(prefix string, parts ...string) (string, error) {
	size := len(prefix)
	for _, part := range parts {
		if strings.IndexByte(part, 0) >= 0 || !utf8.ValidString(part) {
			return "", fmt.Errorf("%w: it holds a NUL byte or is not UTF-8", ErrKey)
		}
		size += len(part) + 1
	}
	var key strings.Builder
	key.Grow(size)
	key.WriteString(prefix)
	for _, part := range parts {
		key.WriteString(part)
		key.WriteByte(0)
	}
	return key.String(), nil
}

// prefixEnd returns the first key after all keys that begin with prefix, or "" (no end) if there is none.
func prefixEnd(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return ""
}

const timeLayout = "2006-01-02T15:04:05.000000000Z"

// TimeKey returns t in UTC as text of fixed width that sorts as time does, for the keys of an index.
// Times outside of the years 0 to 9999 become the nearest time inside.
func TimeKey(t time.Time) string {
	t = t.UTC()
	switch {
	case t.Year() < 0:
		return "0000-01-01T00:00:00.000000000Z"
	case t.Year() > 9999:
		return "9999-12-31T23:59:59.999999999Z"
	}
	return t.Format(timeLayout)
}
