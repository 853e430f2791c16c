package config

import (
	"fmt"
	"log/slog"
)

const masked = "***"

// Secret is text that must not be seen: fmt, JSON, YAML, slog and %#v all print it as ***. The zero Secret is empty.
// The text lies behind a pointer, so that even a print of a struct around it, which cannot call our methods on
// unexported fields, shows an address.
type Secret struct {
	text   *string
	origin string
}

// NewSecret returns a Secret of that text, for tests and for callers that make their own.
func NewSecret(text string) Secret { return Secret{text: &text, origin: "the caller"} }

// Reveal returns the text itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no text.
func (s Secret) Empty() bool { return s.text == nil || *s.text == "" }

// Origin says in words where the text came from: "the variable CORP_SECRET", "the file /run/secrets/corp" or "the
// configuration file".
func (s Secret) Origin() string { return s.origin }

// String returns ***, or nothing for an empty secret.
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return masked
}

// Format makes every verb of fmt print what String returns.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText makes JSON and YAML hold what String returns.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue makes slog write what String returns.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
