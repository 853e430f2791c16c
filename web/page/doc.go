// Package page is what people see when they sign in and out: html/template
// pages, one typed struct each, over one base.
//
// It owns the markup, the stylesheet, the small comfort script, the words (one
// catalogue per language, text/en.txt is the first) and the branding. It is pure:
// a struct goes in, bytes come out. It knows no request, no pool and no store;
// web/login and web/oidc fill the structs and set status and headers.
//
// It refuses markup from outside (every value is escaped where it stands, and no
// value is ever declared safe), inline style or script, third-party content,
// colours that are not six digits, and a catalogue with a missing key.
//
// The pages need of the Content-Security-Policy: style-src 'self', img-src 'self'
// data:, script-src 'self' or the nonce in Base, form-action 'self' and the
// origin the form leads to in the end; SigningOut the origins of its frames in
// frame-src, and LogoutRecord, to follow without loading anew, connect-src 'self'.
// Everything works without the script.
//
// Decision: words are put into the templates before they are parsed, one set of
// templates per language. A page then costs the same in every language, and a
// missing word is found at start and not by a person (newLocale).
//
// Decision: a branding becomes a whole stylesheet of its own, custom properties
// first and the common rules behind them, published under the hash of its
// content. Strict CSP allows no style attribute, and one file is one request.
//
// Decision: what only LogoutRecord needs is a stylesheet and a script of its own,
// so that the page everybody sees does not carry them; so have the pages about the
// ways into an account a stylesheet.
//
// Decision: the time line is SVG in percent of its width: bars keep their rounding
// and their least width whatever the window, which a viewBox would stretch.
package page
