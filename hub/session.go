package hub

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// Session is one browser signed in to the pool. It is remembered for longer than
// it signs anybody in, because apps go on with what they were given: they still
// have to hear when the person signs out.
type Session struct {
	ID     string `json:"id"` // public; see SID for what clients know it by
	Secret []byte `json:"secret"`
	Entry
	UpstreamSID string          `json:"upstream_sid,omitempty"`
	Hint        []byte          `json:"hint,omitempty"` // the provider's ID token, sealed: it goes back there at sign-out
	Clients     []SessionClient `json:"clients,omitempty"`
	Expires     time.Time       `json:"expires"` // it signs nobody in after this
	Kept        time.Time       `json:"kept"`    // nor is it remembered after this
}

// SessionClient is a client that was given something of a session, and must hear
// of its end.
type SessionClient struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"` // nothing it was given lives longer
}

// Sessions are the signed-in browsers of a pool.
var Sessions = store.Collection[Session]{
	Name:    "session",
	ID:      func(s *Session) string { return s.ID },
	Expires: func(s *Session) time.Time { return s.Kept },
	Indexes: []store.Index[Session]{
		{Name: "sub", Keys: func(s *Session) []string { return []string{s.Sub} }},
		{Name: "upstream", Keys: func(s *Session) []string {
			if s.UpstreamSID == "" {
				return nil
			}
			return []string{UpstreamKey(s.Provider, s.UpstreamSID)}
		}},
	},
}

// UpstreamKey is the key of the index "upstream": the sessions that began with a
// session at a provider.
func UpstreamKey(provider, sid string) string { return HashCode(provider + "\n" + sid) }

// joinDay is what SessionClient.Until is rounded up to, so that a session is not
// written anew for every code.
const joinDay = 24 * time.Hour

// Join notes that a client is given something that may live until a time. It
// reports whether the session has changed. Where the end of a session ends
// everything that came of it, it need not be remembered beyond.
func (s *Session) Join(p *Pool, client string, until time.Time) (changed bool) {
	until = until.Truncate(joinDay).Add(joinDay)
	if !p.Logout.OnExpiry && until.After(s.Kept) {
		s.Kept, changed = until, true
	}
	for i := range s.Clients {
		if c := &s.Clients[i]; c.ID == client {
			if until.After(c.Until) {
				c.Until, changed = until, true
			}
			return changed
		}
	}
	s.Clients = append(s.Clients, SessionClient{client, until})
	return true
}

// Live tells whether the session still signs its person in.
func (s *Session) Live(now time.Time) bool { return now.Before(s.Expires) }

// SID is the sid by which a client knows a session (OpenID Connect Back-Channel
// Logout §2.1): another for each client, so that two of them cannot tell that
// they share one (A131). No key goes into it, since clients keep it for longer
// than keys may last; the session's id is nothing that a client ever sees.
func SID(session, client string) string {
	sum := sha256.Sum256([]byte("sid\n" + session + "\n" + client))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// NewSessionID makes a session's public id, the key of its cookie, and the hash
// of that key. Made outside a transaction: a transaction may run twice.
func NewSessionID(now time.Time) (id, key string, secret []byte) {
	id, key = base64.RawURLEncoding.EncodeToString(stamped(now, 16)), Random()
	sum := sha256.Sum256([]byte(key))
	return id, key, sum[:]
}

// SessionCookie is the cookie value of a session's id and key.
func SessionCookie(id, key string) string { return id + "." + key }

// FindSession returns the session a cookie value belongs to, live or only
// remembered, or store.ErrNotFound for anything else.
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
