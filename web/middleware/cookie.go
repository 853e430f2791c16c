package middleware

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

// maxTransactions is how many sign-ins one browser may have under way, over all
// pools of the host: with them and a session the request's headers stay below
// the server's 32 KiB.
const maxTransactions = 6

// maxCleared bounds the answer to a request that shows thousands of them.
const maxCleared = 32

// Parts of cookie names: family, pool and kind, split by dots. The pool comes
// last but for a transaction's id, so that transactions of all pools are counted
// by prefix.
const (
	sessionKind     = "isthmus.session."
	transactionKind = "isthmus.tx."
	lastUsedKind    = "isthmus.last."
)

// namePart is what of a pool or a transaction may stand in the name of a cookie.
var namePart = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Cookies sets and reads the cookies of one pool: the session, one per sign-in
// under way (the transaction, so that tabs do not disturb each other), and the
// hint which provider was used last. All are sealed, HttpOnly, SameSite=Lax with
// Path=/ and no Domain, and over https carry Secure and the __Host- prefix,
// which no sibling domain can set (security row A104). A cookie that is cut,
// foreign, another pool's, sealed by a key no longer accepted or past its time
// reads as absent (A106). Safe for concurrent use.
type Cookies struct {
	store  *sessions.CookieStore
	codec  codec
	prefix string // "__Host-" over https
	pool   string
}

// NewCookies returns the cookies of the pool of that name: letters, digits, "_"
// and "-", at most 64. Secure is whether the pool's issuer is https; false is for
// development, and the caller shows a banner. Pools may share a sealer: each
// cookie is bound to its pool through its name.
func NewCookies(sealer Sealer, pool string, secure bool, now func() time.Time) (*Cookies, error) {
	if !namePart.MatchString(pool) {
		return nil, fmt.Errorf("pool name %q cannot stand in a cookie name", pool)
	}
	c := &Cookies{codec: codec{sealer: sealer, now: now}, pool: pool}
	if secure {
		c.prefix = "__Host-"
	}
	// Every option is set: the zero value of some is not what we need, and
	// sessions.NewCookieStore would begin with SameSite=None and thirty days.
	c.store = &sessions.CookieStore{
		Codecs: []securecookie.Codec{c.codec},
		Options: &sessions.Options{
			Path:        "/",
			Domain:      "",
			MaxAge:      0,
			Secure:      secure,
			HttpOnly:    true,
			Partitioned: false,
			SameSite:    http.SameSiteLaxMode,
		},
	}
	return c, nil
}

// SetSession gives the browser a session id, a random handle and nothing more.
// It ends after maxAge, or with the browser if that is zero.
func (c *Cookies) SetSession(w http.ResponseWriter, id string, maxAge time.Duration) error {
	return c.set(w, c.name(sessionKind), []byte(id), maxAge)
}

// Session returns the session id the browser holds, "" for none.
func (c *Cookies) Session(r *http.Request) string {
	in, _ := c.get(r, c.name(sessionKind))
	return string(in.data)
}

// ClearSession takes the session cookie away. The session itself is ended in
// the store.
func (c *Cookies) ClearSession(w http.ResponseWriter) { c.clear(w, c.name(sessionKind)) }

// SetTransaction keeps a sign-in under way in the browser, sealed, until maxAge
// has passed. The id is letters, digits, "_" and "-", at most 64. Setting an id
// again replaces it. A browser that would hold more than six loses its oldest
// ones. The error is ErrCookieSize if plain does not fit: about 2900 bytes do.
func (c *Cookies) SetTransaction(w http.ResponseWriter, r *http.Request, id string, plain []byte, maxAge time.Duration) error {
	if !namePart.MatchString(id) {
		return fmt.Errorf("transaction id %q cannot stand in a cookie name", id)
	}
	if maxAge <= 0 {
		return errors.New("a transaction needs an end")
	}
	name := c.transaction(id)
	if err := c.set(w, name, plain, maxAge); err != nil {
		return err
	}
	c.evict(w, r, name)
	return nil
}

// Transaction returns what SetTransaction kept under id, false if the browser
// does not hold it.
func (c *Cookies) Transaction(r *http.Request, id string) ([]byte, bool) {
	if !namePart.MatchString(id) {
		return nil, false
	}
	in, ok := c.get(r, c.transaction(id))
	return in.data, ok
}

// ClearTransaction ends a transaction in the browser.
func (c *Cookies) ClearTransaction(w http.ResponseWriter, id string) {
	if namePart.MatchString(id) {
		c.clear(w, c.transaction(id))
	}
}

// ClearTransactions ends what is under way in the browser for this pool, but for
// one id: whoever uses it next shall not finish what somebody began who has left.
func (c *Cookies) ClearTransactions(w http.ResponseWriter, r *http.Request, but string) {
	cleared := 0
	for _, cookie := range r.Cookies() {
		if strings.HasPrefix(cookie.Name, c.transaction("")) && cookie.Name != c.transaction(but) && cleared < maxCleared {
			c.clear(w, cookie.Name)
			cleared++
		}
	}
}

// SetLastUsed keeps the name of the provider by which the person signed in, to
// offer it first next time.
func (c *Cookies) SetLastUsed(w http.ResponseWriter, provider string, maxAge time.Duration) error {
	return c.set(w, c.name(lastUsedKind), []byte(provider), maxAge)
}

// LastUsed returns the hint of SetLastUsed, "" for none. It proves nothing about
// who asks.
func (c *Cookies) LastUsed(r *http.Request) string {
	in, _ := c.get(r, c.name(lastUsedKind))
	return string(in.data)
}

func (c *Cookies) name(kind string) string { return c.prefix + kind + c.pool }

func (c *Cookies) transaction(id string) string { return c.name(transactionKind) + "." + id }

func (c *Cookies) set(w http.ResponseWriter, name string, data []byte, maxAge time.Duration) error {
	out := content{issued: c.codec.now(), data: data}
	s := c.session(name)
	if maxAge > 0 {
		out.expires = out.issued.Add(maxAge)
		s.Options.MaxAge = int(max(maxAge, time.Second) / time.Second)
	}
	s.Values[contentKey{}] = out
	err := s.Save(nil, w)
	// The store wraps the errors of its codecs in a list that errors.Is cannot
	// enter; ours has one.
	var list securecookie.MultiError
	if errors.As(err, &list) && len(list) == 1 {
		return list[0]
	}
	return err
}

func (c *Cookies) get(r *http.Request, name string) (content, bool) {
	s, err := c.store.New(r, name)
	if err != nil || s.IsNew {
		return content{}, false
	}
	in, ok := s.Values[contentKey{}].(content)
	return in, ok
}

func (c *Cookies) clear(w http.ResponseWriter, name string) {
	options := *c.store.Options
	options.MaxAge = -1
	http.SetCookie(w, sessions.NewCookie(name, "", &options))
}

func (c *Cookies) session(name string) *sessions.Session {
	s := sessions.NewSession(c.store, name)
	options := *c.store.Options
	s.Options = &options
	return s
}

// evict clears the oldest transactions that the browser showed, so that with
// the one just set it holds no more than maxTransactions. What is none of ours
// counts as the oldest. It costs one pass over the header, whatever is in it.
func (c *Cookies) evict(w http.ResponseWriter, r *http.Request, set string) {
	type held struct {
		name   string
		issued time.Time
	}
	var all []held
	seen := map[string]bool{set: true}
	for _, cookie := range r.Cookies() {
		if !strings.HasPrefix(cookie.Name, c.prefix+transactionKind) || seen[cookie.Name] {
			continue
		}
		seen[cookie.Name] = true
		all = append(all, held{cookie.Name, c.codec.issued(cookie.Value)})
	}
	surplus := min(len(all)+1-maxTransactions, maxCleared)
	if surplus <= 0 {
		return
	}
	slices.SortFunc(all, func(a, b held) int { return cmp.Or(a.issued.Compare(b.issued), cmp.Compare(a.name, b.name)) })
	for _, old := range all[:surplus] {
		c.clear(w, old.name)
	}
}
