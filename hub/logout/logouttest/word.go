package logouttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Channel is the way by which a word came.
type Channel string

// The channels, by the names that the hub's record has for them.
const (
	BackChannel  Channel = "back-channel"
	FrontChannel Channel = "front-channel"
)

// Word is one request to a logout URI.
type Word struct {
	Channel  Channel
	SID      string
	Subject  string // back-channel only, as the two after it
	ID       string // jti
	IssuedAt time.Time
	At       time.Time // it came, by the machine's clock
	Problem  error     // why it is not valid; nil: it is
	Status   int       // of the answer; 0: it got none
	// SignedOut tells whether a party that behaves like this would have signed the
	// person out: the word is valid, and the answer says so.
	SignedOut bool
}

// Valid tells whether the word is what the specification wants.
func (w Word) Valid() bool { return w.Problem == nil }

const maxBody = 64 << 10

// back is the backchannel_logout_uri (Back-Channel Logout §2.5).
func (p *Party) back(w http.ResponseWriter, r *http.Request) {
	word := Word{Channel: BackChannel, At: time.Now()}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		word.Problem = err
	} else if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		word.Problem = fmt.Errorf("content type %q", kind)
	} else if tokens := r.PostForm["logout_token"]; len(tokens) != 1 {
		word.Problem = fmt.Errorf("%d logout_token parameters in the body", len(tokens))
	} else {
		word.Problem = p.verify(r.Context(), tokens[0], &word)
	}
	w.Header().Set("Cache-Control", "no-store") // §2.8
	p.answer(w, r, word)
}

// front is the frontchannel_logout_uri (Front-Channel Logout §2), registered with
// frontchannel_logout_session_required.
func (p *Party) front(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	word := Word{Channel: FrontChannel, At: time.Now(), SID: q.Get("sid")}
	switch {
	case len(q["iss"]) != 1 || len(q["sid"]) != 1 || word.SID == "":
		word.Problem = errors.New("iss and sid are not there once each")
	case q.Get("iss") != p.cfg.Issuer:
		word.Problem = fmt.Errorf("iss is %q", q.Get("iss"))
	}
	w.Header().Set("Cache-Control", "no-store")
	p.answer(w, r, word)
}

// event makes a JWT a logout token (Back-Channel Logout §2.4).
const event = "http://schemas.openid.net/event/backchannel-logout"

// leeway is for clocks; maxAge is what §2.4 recommends for exp.
const (
	leeway = 30 * time.Second
	maxAge = 2 * time.Minute
)

// verify checks a logout token (Back-Channel Logout §2.6) and notes what it says.
func (p *Party) verify(ctx context.Context, raw string, w *Word) error {
	algorithms := make([]jose.SignatureAlgorithm, len(p.cfg.Algorithms))
	for i, a := range p.cfg.Algorithms {
		algorithms[i] = jose.SignatureAlgorithm(a)
	}
	token, err := jose.ParseSignedCompact(raw, algorithms)
	if err != nil {
		return fmt.Errorf("the logout token is no JWS: %w", err)
	}
	header := token.Signatures[0].Protected
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); !strings.EqualFold(typ, "logout+jwt") {
		return fmt.Errorf("typ is %q, not logout+jwt", typ)
	}
	key, err := p.key(ctx, header.KeyID)
	if err != nil {
		return err
	}
	payload, err := token.Verify(key)
	if err != nil {
		return fmt.Errorf("the signature does not fit the hub's key %q: %w", header.KeyID, err)
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return fmt.Errorf("the claims: %w", err)
	}
	w.SID, w.Subject, w.ID = c.SID, c.Subject, c.ID
	w.IssuedAt = time.Unix(c.IssuedAt, 0)
	if err := c.check(p.cfg, p.cfg.Now()); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ids[c.ID] {
		return fmt.Errorf("jti %q came before", c.ID)
	}
	p.ids[c.ID] = true
	return nil
}

// claims are those of a logout token. Audience is one or many.
type claims struct {
	Issuer   string                     `json:"iss"`
	Subject  string                     `json:"sub"`
	Audience json.RawMessage            `json:"aud"`
	SID      string                     `json:"sid"`
	ID       string                     `json:"jti"`
	IssuedAt int64                      `json:"iat"`
	Expires  int64                      `json:"exp"`
	Nonce    *json.RawMessage           `json:"nonce"`
	Events   map[string]json.RawMessage `json:"events"`
}

func (c *claims) check(cfg Config, now time.Time) error {
	var one string
	audience := []string{}
	if json.Unmarshal(c.Audience, &one) == nil {
		audience = append(audience, one)
	} else if err := json.Unmarshal(c.Audience, &audience); err != nil {
		return errors.New("aud is neither a string nor a list of them")
	}
	var happened map[string]any
	issued, expires := time.Unix(c.IssuedAt, 0), time.Unix(c.Expires, 0)
	switch {
	case c.Issuer != cfg.Issuer:
		return fmt.Errorf("iss is %q", c.Issuer)
	case !slices.Contains(audience, cfg.ClientID):
		return fmt.Errorf("aud is %q", audience)
	case c.IssuedAt == 0 || issued.After(now.Add(leeway)):
		return errors.New("iat is missing or to come")
	case c.Expires == 0 || !expires.After(now.Add(-leeway)):
		return errors.New("exp is missing or over")
	case expires.Sub(issued) > maxAge:
		return fmt.Errorf("it lives for %s", expires.Sub(issued))
	case c.SID == "" && c.Subject == "":
		return errors.New("neither sub nor sid")
	case c.ID == "":
		return errors.New("no jti")
	case c.Nonce != nil:
		return errors.New("nonce is there")
	case json.Unmarshal(c.Events[event], &happened) != nil || happened == nil:
		return errors.New("events lack the object " + event)
	}
	return nil
}

// key finds a key of the hub's by its id, and looks anew for one that it does
// not know.
func (p *Party) key(ctx context.Context, id string) (*jose.JSONWebKey, error) {
	p.mu.Lock()
	known := p.keys
	p.mu.Unlock()
	if known != nil {
		if found := known.Key(id); len(found) == 1 {
			return &found[0], nil
		}
	}
	raw, err := p.fetchKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("the hub's keys: %w", err)
	}
	set := &jose.JSONWebKeySet{}
	if err := json.Unmarshal(raw, set); err != nil {
		return nil, fmt.Errorf("the hub's keys: %w", err)
	}
	p.mu.Lock()
	p.keys = set
	p.mu.Unlock()
	if found := set.Key(id); len(found) == 1 {
		return &found[0], nil
	}
	return nil, fmt.Errorf("the hub does not publish one key %q", id)
}

func (p *Party) fetchKeys(ctx context.Context) ([]byte, error) {
	if p.cfg.Keys != nil {
		return p.cfg.Keys(ctx)
	}
	raw, err := p.get(ctx, strings.TrimSuffix(p.cfg.Issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	var doc struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	if u, err := url.Parse(doc.JWKS); err != nil || u.Host == "" || doc.Issuer != p.cfg.Issuer {
		return nil, fmt.Errorf("the discovery document names issuer %q and jwks_uri %q", doc.Issuer, doc.JWKS)
	}
	return p.get(ctx, doc.JWKS)
}

func (p *Party) get(ctx context.Context, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := p.cfg.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d", address, res.StatusCode)
	}
	return io.ReadAll(io.LimitReader(res.Body, 1<<20))
}
