package hub

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// Session is one browser signed in to the pool.
type Session struct {
	ID     string `json:"id"` // the sid of tokens; public
	Secret []byte `json:"secret"`
	Entry
	UpstreamSID string    `json:"upstream_sid,omitempty"`
	Expires     time.Time `json:"expires"`
}

// Sessions are the signed-in browsers of a pool.
var Sessions = store.Collection[Session]{
	Name:    "session",
	ID:      func(s *Session) string { return s.ID },
	Expires: func(s *Session) time.Time { return s.Expires },
	Indexes: []store.Index[Session]{
		{Name: "sub", Keys: func(s *Session) []string { return []string{s.Sub} }},
	},
}

// NewSessionID makes a session's public id, its secret's hash, and the cookie
// value that joins both. Made outside a transaction: a transaction may run twice.
func NewSessionID(now time.Time) (id string, secret []byte, cookie string) {
	id = base64.RawURLEncoding.EncodeToString(stamped(now, 16))
	key := Random()
	sum := sha256.Sum256([]byte(key))
	return id, sum[:], id + "." + key
}

// FindSession returns the live session a cookie value belongs to, or
// store.ErrNotFound for anything else.
func FindSession(tx *store.Tx, cookie string) (*Session, error) {
	id, key, ok := strings.Cut(cookie, ".")
	if !ok || len(id) != 22 || len(key) != 43 {
		return nil, store.ErrNotFound
	}
	s, err := Sessions.Get(tx, id)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(key))
	if subtle.ConstantTimeCompare(sum[:], s.Secret) != 1 {
		return nil, store.ErrNotFound
	}
	return s, nil
}
