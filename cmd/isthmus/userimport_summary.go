package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/isthmus-hub/isthmus/web/admin"
)

// importSum is what became of a file.
type importSum struct {
	Pool          string          `json:"pool"`
	File          string          `json:"file"`
	DryRun        bool            `json:"dry_run"`
	Complete      bool            `json:"complete"` // read to its end
	Rows          int             `json:"rows"`
	Created       int             `json:"created"`
	Skipped       int             `json:"skipped"`
	Given         int             `json:"given"` // a temporary password, to users who were there
	Refused       int             `json:"refused"`
	MFA           int             `json:"mfa_not_taken"`
	Refusals      []importRefusal `json:"refusals"` // the first ones
	Seconds       float64         `json:"seconds"`
	RowsPerSecond int             `json:"rows_per_second"`
}

type importRefusal struct {
	Line     int    `json:"line"`
	Username string `json:"username"`
	Reason   string `json:"reason"`
}

func (s *importSum) count(took time.Duration) {
	s.Seconds = took.Round(time.Millisecond).Seconds()
	if took > 0 {
		s.RowsPerSecond = int(float64(s.Rows) / took.Seconds())
	}
}

// print says what became of the rows, and what the people can do now.
func (s *importSum) print(w io.Writer, v *userImport, form admin.ImportForm) {
	fmt.Fprintf(w, "%s of %s for the pool %s: %d created, %d skipped (there already), %d refused", count(s.Rows, "row"), plain(s.File), s.Pool, s.Created, s.Skipped, s.Refused)
	if s.Given > 0 {
		fmt.Fprintf(w, ", %d there without a password given a temporary one", s.Given)
	}
	fmt.Fprintf(w, "; %.1f s, %d rows a second.\n", s.Seconds, s.RowsPerSecond)
	for _, r := range s.Refusals {
		fmt.Fprintf(w, "  line %d, %s: %s\n", r.Line, cmp.Or(plain(r.Username), "no name"), plain(r.Reason))
	}
	if more := s.Refused - len(s.Refusals); more > 0 {
		fmt.Fprintf(w, "  and %d more; %s\n", more, cmp.Or(plain(v.report), "--report FILE")+" has every row.")
	}
	if s.MFA > 0 {
		fmt.Fprintf(w, "%d had cognito:mfa_enabled, which is not taken over: their password alone lets them in.\n", s.MFA)
	}
	switch {
	case s.DryRun && !s.Complete:
		fmt.Fprintln(w, "That is what an import would do as far as the file can be read; nothing was changed.")
	case s.DryRun:
		fmt.Fprintln(w, "That is what an import would do; nothing was changed.")
	case s.Created+s.Given == 0:
	case v.passwords != "":
		fmt.Fprintf(w, "Their temporary passwords are in %s, and each chooses another at the first sign-in (FORCE_CHANGE_PASSWORD).\n", plain(v.passwords))
	case form.Migration:
		fmt.Fprintln(w, "They have the status RESET_REQUIRED and sign in with the password of the old system, which the hub asks once for each.")
	default:
		fmt.Fprintln(w, `They have the status RESET_REQUIRED and no password here, so none of them can sign in yet. Give the pool
a migration, or give this file again with --temporary-passwords FILE.`)
	}
}

// importProgress shows on a terminal how far a file is.
type importProgress struct {
	w       io.Writer // nil: nobody looks
	started time.Time
	shown   time.Time
	total   int64 // bytes; 0: unknown
}

// newProgress watches the reading of a file for somebody at a terminal.
func newProgress(w io.Writer, file *os.File) *importProgress {
	p := &importProgress{started: time.Now()}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.w = w
		}
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		p.total = info.Size()
	}
	return p
}

// show writes over what was shown, a few times a second.
func (p *importProgress) show(rows int, offset int64) {
	t := time.Now()
	if p.w == nil || t.Sub(p.shown) < 250*time.Millisecond {
		return
	}
	p.shown = t
	fmt.Fprintf(p.w, "\r\x1b[K%s", p.line(rows, offset, t.Sub(p.started)))
}

// line says rows, rate and what remains.
func (p *importProgress) line(rows int, offset int64, took time.Duration) string {
	s := fmt.Sprintf("%d rows, %d a second", rows, int(float64(rows)/max(took.Seconds(), 0.001)))
	if p.total > 0 && offset > 0 {
		left := time.Duration(float64(took) * float64(p.total-offset) / float64(offset))
		s += fmt.Sprintf(", %d %% of the file, %s left", 100*offset/p.total, left.Round(time.Second))
	}
	return s
}

// end takes the line away.
func (p *importProgress) end() {
	if p.w != nil && !p.shown.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
