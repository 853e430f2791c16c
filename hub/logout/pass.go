package logout

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
)

// Pass lets its bearer see the record of one logout, and only that. It is sealed
// into the address of the page that draws it.
type Pass struct {
	Logout  string    `json:"l"`
	Client  string    `json:"c,omitempty"`
	Target  string    `json:"t,omitempty"` // where the person goes on to
	Locales string    `json:"u,omitempty"`
	Details bool      `json:"d,omitempty"` // of an operator: addresses and errors too
	Until   time.Time `json:"e"`
}

// RecordPath is where the record is drawn, under the pool's issuer; PassParameter
// holds the pass there.
const (
	RecordPath    = "/logout/record"
	PassParameter = "see"
)

// PassLife is how long a pass may be used.
const PassLife = time.Hour

// ErrPass says that a text is no pass of this pool, or one whose time is over.
var ErrPass = errors.New("no pass to the record of a logout")

var passUse = []byte("logout record")

// URL is the address where the bearer sees the record, good for PassLife from
// now on.
func (to Pass) URL(p *hub.Pool) (string, error) {
	to.Until = p.Now().Add(PassLife)
	plain, err := json.Marshal(to)
	if err != nil {
		return "", err
	}
	sealed := base64.RawURLEncoding.EncodeToString(p.Secrets.Cookie.Seal(plain, passUse))
	return p.URL(RecordPath + "?" + url.Values{PassParameter: {sealed}}.Encode()), nil
}

// OpenPass reads what URL sealed; the error is ErrPass.
func OpenPass(p *hub.Pool, sealed string) (to Pass, err error) {
	box, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return Pass{}, ErrPass
	}
	plain, err := p.Secrets.Cookie.Open(box, passUse)
	if err != nil || json.Unmarshal(plain, &to) != nil || p.Now().After(to.Until) {
		return Pass{}, ErrPass
	}
	return to, nil
}
