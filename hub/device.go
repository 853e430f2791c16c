package hub

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Device is a sign-in begun on a device that has no browser (RFC 8628): the
// device polls with its code while a person types the short one elsewhere.
type Device struct {
	ID       string      `json:"id"`        // hash of the device code
	UserCode string      `json:"user_code"` // hash of the short one
	ClientID string      `json:"client_id"`
	Scope    oauth.Scope `json:"scope"`
	Address  string      `json:"address"` // where the device asked from, shown to the person
	Answer   string      `json:"answer,omitempty"`
	Polled   time.Time   `json:"polled,omitzero"`
	Expires  time.Time   `json:"expires"`

	// Of the person who allowed it.
	Session string `json:"session,omitempty"`
	Entry
}

// Answers to a device; none yet is empty.
const (
	DeviceAllowed = "allowed"
	DeviceDenied  = "denied"
)

// How long a device waits, and how often it may ask.
const (
	DeviceLife     = 10 * time.Minute
	DeviceInterval = 5 * time.Second
)

// Devices are the devices that wait, found by either code.
var Devices = store.Collection[Device]{
	Name:    "device",
	ID:      func(d *Device) string { return d.ID },
	Expires: func(d *Device) time.Time { return d.Expires },
	Indexes: []store.Index[Device]{
		{Name: "code", Unique: true, Keys: func(d *Device) []string { return []string{d.UserCode} }},
	},
}

// userAlphabet has no vowels, so that no code is a word (RFC 8628 §6.1).
const userAlphabet = "BCDFGHJKLMNPQRSTVWXZ"

// NewUserCode makes a short code of 34 random bits, such as WDJB-MJHT.
func NewUserCode() string {
	code := make([]byte, 0, 9)
	for len(code) < 9 {
		var b [1]byte
		rand.Read(b[:])
		if b[0] >= 240 { // 240 is the largest multiple of 20 in a byte
			continue
		}
		if len(code) == 4 {
			code = append(code, '-')
		}
		code = append(code, userAlphabet[b[0]%20])
	}
	return string(code)
}

// ParseUserCode accepts a short code as a person types it, in any case and with
// any separators.
func ParseUserCode(text string) (string, bool) {
	code := strings.Map(func(r rune) rune {
		if strings.ContainsRune(userAlphabet, r) {
			return r
		}
		return -1
	}, strings.ToUpper(text))
	if len(code) != 8 || len(text) > 32 {
		return "", false
	}
	return code[:4] + "-" + code[4:], true
}
