package merge

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
)

// sheet holds entries of one decision until the header is written, in a file
// without a name.
type sheet struct {
	file *os.File
	out  *bufio.Writer
}

func newSheet() (*sheet, error) {
	f, err := os.CreateTemp("", "isthmus-merge-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &sheet{f, bufio.NewWriter(f)}, nil
}

func (s *sheet) close() { _ = s.file.Close() }

func (s *sheet) add(e *Entry) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = s.out.Write(append(text, '\n'))
	return err
}

// sealBatch is how many texts are sealed at once.
const sealBatch = 1000

// write writes the header and the entries, numbered and sealed.
func (pl *planner) write(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriterSize(w, 256<<10)
	if pl.m.Seal != nil {
		seals, err := pl.m.Seal(ctx, []string{pl.Header.Sealed()})
		if err != nil {
			return err
		}
		pl.Header.Seal = seals[0]
	}
	head, err := yaml.Marshal(pl.Header)
	if err != nil {
		return err
	}
	if _, err := out.WriteString(preamble + safe(string(head)) + "entries:\n"); err != nil {
		return err
	}
	n := 0
	for _, s := range pl.sheets {
		if err := s.out.Flush(); err != nil {
			return err
		}
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		lines := json.NewDecoder(bufio.NewReader(s.file))
		var batch []*Entry
		for more := true; more; {
			e := new(Entry)
			err := lines.Decode(e)
			if more = err != io.EOF; more {
				if err != nil {
					return err
				}
				n++
				e.N = n
				batch = append(batch, e)
			}
			if len(batch) == sealBatch || !more && len(batch) > 0 {
				if err := pl.seal(ctx, batch); err != nil {
					return err
				}
				for _, e := range batch {
					writeEntry(out, e)
				}
				batch = batch[:0]
			}
		}
	}
	return out.Flush()
}

func (pl *planner) seal(ctx context.Context, batch []*Entry) error {
	if pl.m.Seal == nil {
		return nil
	}
	texts := make([]string, len(batch))
	for i, e := range batch {
		texts[i] = e.Sealed(pl.Header.ID)
	}
	seals, err := pl.m.Seal(ctx, texts)
	if err != nil {
		return err
	}
	for i, e := range batch {
		e.Seal = seals[i]
	}
	return nil
}

const preamble = `# A plan to merge one pool into another. Nothing has been done yet:
#   isthmus merge apply THIS-FILE
# In each entry you may change
#   decision   join: becomes one with the target; add: becomes a user of its own;
#              skip, ask: is left alone
#   target     where several are named, keep the one to join
#   username   what somebody who is added is called
#   keep       of a clash: source or target
# All else tells what will happen, and is found out anew when it does.
`

// writeEntry writes an entry as YAML. It is written by hand, as each has the same
// few keys, and there may be very many.
func writeEntry(w *bufio.Writer, e *Entry) {
	fmt.Fprintf(w, "- n: %d\n  decision: %s\n", e.N, e.Decision)
	text := func(key, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %s: %s\n", key, quoted(value))
		}
	}
	list := func(key string, values []string) {
		if len(values) == 0 {
			return
		}
		fmt.Fprintf(w, "  %s:\n", key)
		for _, v := range values {
			fmt.Fprintf(w, "  - %s\n", quoted(v))
		}
	}
	text("conflict", e.Conflict)
	text("rule", e.Rule)
	text("why", e.Why)
	fmt.Fprintf(w, "  source: %s\n", ref(e.Source))
	if len(e.Target) > 0 {
		fmt.Fprint(w, "  target:\n")
		for _, t := range e.Target {
			fmt.Fprintf(w, "  - %s\n", ref(t))
		}
	}
	text("username", e.Username)
	list("links", e.Links)
	if len(e.Attributes) > 0 {
		fmt.Fprint(w, "  attributes:\n")
		for _, name := range slices.Sorted(maps.Keys(e.Attributes)) {
			fmt.Fprintf(w, "    %s: %s\n", quoted(name), quoted(e.Attributes[name]))
		}
	}
	if len(e.Clashes) > 0 {
		fmt.Fprint(w, "  clashes:\n")
		for _, name := range slices.Sorted(maps.Keys(e.Clashes)) {
			c := e.Clashes[name]
			fmt.Fprintf(w, "    %s: {source: %s, target: %s, keep: %s}\n", quoted(name), quoted(c.Source), quoted(c.Target), c.Keep)
		}
	}
	list("groups", e.Groups)
	text("password", e.Password)
	list("left", e.Left)
	text("sees", e.Sees)
	list("candidates", e.Candidates)
	text("seal", e.Seal)
}

func ref(r Ref) string {
	return fmt.Sprintf("{sub: %s, username: %s, print: %s}", quoted(r.Sub), quoted(r.Username), quoted(r.Print))
}

// quoted is a text in YAML's double quotes (YAML 1.2 §7.3.1): what other people
// wrote stays text, and a terminal obeys none of it.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r) && r != unicode.ReplacementChar:
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// safe keeps what a terminal would obey out of a header.
func safe(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, text)
}
