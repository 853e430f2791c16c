package hub

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// Bounds of the traces a pool keeps.
const (
	TraceLife = 30 * 24 * time.Hour
	TraceMax  = 10_000
)

// Trace is the explanation of one sign-in that stopped. The person sees its ID
// and a plain sentence; `isthmus explain ID` shows the rest. It holds names and
// masked values, never a secret, a code or a token.
type Trace struct {
	ID        string    `json:"id"`
	Time      time.Time `json:"time"`
	Pool      string    `json:"pool"`
	Client    string    `json:"client,omitempty"`
	Provider  string    `json:"provider,omitempty"`
	Reason    string    `json:"reason"` // one word, as in metrics and audit
	Steps     []Step    `json:"steps"`
	Claims    []Claim   `json:"claims,omitempty"`  // what the provider sent, masked
	Missing   []string  `json:"missing,omitempty"` // attributes it did not send and that are required
	Why       string    `json:"why"`
	Mend      string    `json:"mend"`
	RequestID string    `json:"request_id,omitempty"`
}

// Step is one thing that was tried.
type Step struct {
	Name   string `json:"name"` // authorize, redirect, callback, token, id_token, userinfo, mapping, user
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Claim is the name and masked value of a claim.
type Claim struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Traces are the stopped sign-ins of a pool, found by id or by time.
var Traces = store.Collection[Trace]{
	Name:    "trace",
	ID:      func(t *Trace) string { return t.ID },
	Expires: func(t *Trace) time.Time { return t.Time.Add(TraceLife) },
	Indexes: []store.Index[Trace]{
		{Name: "time", Keys: func(t *Trace) []string { return []string{store.TimeKey(t.Time)} }},
	},
}

// The alphabet of trace ids is Crockford's: no I, L, O or U, so that an id read
// out over a telephone has one spelling.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewTraceID makes an id of 40 random bits, such as K7QF-2M9X.
func NewTraceID() string {
	var raw [8]byte
	rand.Read(raw[:])
	id := make([]byte, 0, 9)
	for i, b := range raw {
		if i == 4 {
			id = append(id, '-')
		}
		id = append(id, alphabet[b&31])
	}
	return string(id)
}

var respell = strings.NewReplacer("I", "1", "L", "1", "O", "0", "U", "V", "-", "", " ", "")

// ParseTraceID accepts an id as a person writes it: any case, with or without
// the dash, with the letters that look like digits. It reports false when it
// cannot be one.
func ParseTraceID(s string) (string, bool) {
	s = respell.Replace(strings.ToUpper(strings.TrimSpace(s)))
	if len(s) != 8 || strings.Trim(s, alphabet) != "" {
		return "", false
	}
	return s[:4] + "-" + s[4:], true
}

// Mask shows enough of a value to recognise it and not enough to use it: the
// first character of each part of an address, the length of anything else.
func Mask(value string) string {
	if name, domain, ok := strings.Cut(value, "@"); ok && name != "" && !strings.ContainsAny(domain, "@ ") {
		return first(name) + "***@" + domain
	}
	switch n := len([]rune(value)); {
	case value == "true" || value == "false" || value == "null":
		return value
	case n == 0:
		return "(empty)"
	case n < 4:
		return "***"
	default:
		return fmt.Sprintf("%s*** (%d characters)", first(value), n)
	}
}

func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
