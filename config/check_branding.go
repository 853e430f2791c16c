package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// maxLogo bounds a logo, in bytes; pages are meant to weigh less than 20 kB.
const maxLogo = 256 << 10

func (r *reader) branding(b Branding, path string) {
	r.accent(b.Accent, path+".accent", white, "white")
	r.accent(b.AccentDark, path+".accent_dark", black, "black")
	r.colour(b.Background, path+".background")
	r.logo(b.Logo, path+".logo")
	r.logo(b.LogoDark, path+".logo_dark")
	r.link(b.Links.Terms, path+".links.terms")
	r.link(b.Links.Privacy, path+".links.privacy")
	r.link(b.Links.Help, path+".links.help")
	r.folder(b.Folder, path+".folder")
}

// folder checks that the folder is there. What is in it is for who reads it.
func (r *reader) folder(name, path string) {
	if name == "" {
		return
	}
	info, err := r.env.Stat(name)
	switch {
	case err != nil:
		r.problem(path, fmt.Sprintf("the folder %s cannot be read: %s", quote(name), reason(err)), "isthmus branding export "+filepath.Base(name)+"  writes one to start from")
	case !info.IsDir():
		r.problem(path, quote(name)+" is not a folder", "")
	case info.Mode().Perm()&0o002 != 0:
		r.problem(path, fmt.Sprintf("everybody on this machine may change the folder %s (mode %04o)", quote(name), info.Mode().Perm()), "chmod o-w "+name)
	}
}

func (r *reader) clientBranding(b ClientBranding, path string) {
	r.title(b.Title, path+".title")
	r.accent(b.Accent, path+".accent", white, "white")
	r.accent(b.AccentDark, path+".accent_dark", black, "black")
	r.logo(b.Logo, path+".logo")
	r.logo(b.LogoDark, path+".logo_dark")
}

// logo checks that the file is there, of a kind that we show and of a sensible size. Its content is for who reads it.
func (r *reader) logo(name, path string) {
	if name == "" {
		return
	}
	if !slices.Contains([]string{".svg", ".png"}, filepath.Ext(name)) {
		r.problem(path, quote(filepath.Base(name))+" is neither SVG nor PNG", "its name ends in .svg or .png")
		return
	}
	info, err := r.env.Stat(name)
	switch {
	case err != nil:
		r.problem(path, fmt.Sprintf("the file %s cannot be read: %s", quote(name), reason(err)), "")
	case !info.Mode().IsRegular():
		r.problem(path, quote(name)+" is not a file", "")
	case info.Size() > maxLogo:
		r.problem(path, fmt.Sprintf("the file %s is larger than %d KiB", quote(name), maxLogo>>10), "pages are meant to be light")
	}
}

// link checks an address that pages lead to.
func (r *reader) link(text, path string) {
	if text == "" {
		return
	}
	if u, err := url.Parse(text); err == nil && u.Scheme == "mailto" && strings.Contains(u.Opaque, "@") && len(text) <= maxURL {
		return
	}
	u := r.web(strings.SplitN(text, "#", 2)[0], path) // a link may have a fragment
	if u != nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		r.warn(path, quote(text)+" is plain http", "people are led there from a sign-in page; use https")
	}
}
