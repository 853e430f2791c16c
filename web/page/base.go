package page

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Base is what every page has. The zero value is a page in English with the
// built-in look and no name on it.
type Base struct {
	// Language is the tag that Renderer.Language returned.
	Language string
	// Brand is the look, from Renderer.Brand.
	Brand *Brand
	// Nonce is put on the script element when the Content-Security-Policy asks
	// for one; with script-src 'self' it stays empty.
	Nonce string
}

func (b *Base) base() *Base { return b }

// Frame is what the base template sees: the same on every page.
type Frame struct {
	Brand  *Brand
	Script string // address of the comfort script, or "" where there is nothing to comfort
	Nonce  string
	// RecordStyle and RecordScript are the addresses of what only LogoutRecord needs.
	RecordStyle, RecordScript string
	// LinksStyle is that of what only Join, Links and Link need.
	LinksStyle string
}

func (r *Renderer) frame(b *Base) Frame {
	f := Frame{Brand: b.Brand, Script: r.script, Nonce: b.Nonce, RecordStyle: r.recordStyle, RecordScript: r.recordScript, LinksStyle: r.linksStyle}
	if f.Brand == nil {
		f.Brand = r.plain
	}
	return f
}

// parsePreference reads either notation: "de en-GB" or "de;q=0.8, en".
func parsePreference(s string) []language.Tag {
	if !strings.ContainsAny(s, ",;") {
		s = strings.Join(strings.Fields(s), ",")
	}
	tags, _, err := language.ParseAcceptLanguage(s)
	if err != nil {
		return nil
	}
	return tags
}

// Account is a person as the pages show one.
type Account struct {
	Name    string // "Anna Berg"; may be empty
	Address string // e-mail address or user name; may be empty
}

// accountView is an account with what stands in for a picture.
type accountView struct{ Name, Address, Initial string }

func (a Account) view() *accountView {
	v := &accountView{Name: a.Name, Address: a.Address}
	if v.Name == "" {
		v.Name, v.Address = a.Address, ""
	}
	v.Initial = initial(v.Name)
	return v
}

// initial is the first letter of a name, as a capital; none of an empty one.
func initial(name string) string {
	first, n := utf8.DecodeRuneInString(name)
	if n == 0 {
		return ""
	}
	return strings.ToUpper(string(first))
}
