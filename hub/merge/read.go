package merge

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"
)

// Plan is a plan's file, read entry by entry.
type Plan struct {
	Header
	file *os.File
	in   *bufio.Reader
	path string
	line int
	next []byte // first line of the next entry
}

// Bounds of a plan's file, in bytes.
const (
	maxPlanHead  = 4 << 20
	maxPlanEntry = 1 << 20
)

// PlanError is a place in a plan's file that cannot be read.
type PlanError struct {
	Path string
	Line int
	Err  error
}

func (e *PlanError) Error() string { return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err) }
func (e *PlanError) Unwrap() error { return e.Err }

// OpenPlan reads the head of a plan.
func OpenPlan(path string) (*Plan, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p := &Plan{file: f, in: bufio.NewReaderSize(f, 64<<10), path: path}
	if err := p.head(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return p, nil
}

// Close closes the file.
func (p *Plan) Close() error { return p.file.Close() }

func (p *Plan) head() error {
	var head []byte
	for {
		line, err := p.read()
		if err != nil {
			return &PlanError{p.path, p.line, fmt.Errorf("it is no merge plan, or it is cut short: it has no entries: %w", err)}
		}
		if string(bytes.TrimSpace(line)) == "entries:" {
			break
		}
		if head = append(head, line...); len(head) > maxPlanHead {
			return &PlanError{p.path, p.line, fmt.Errorf("it is no merge plan")}
		}
	}
	if err := parse(head, &p.Header); err != nil {
		return &PlanError{p.path, 1, err}
	}
	if p.Isthmus != "merge plan" || p.Version != PlanVersion {
		return &PlanError{p.path, 1, fmt.Errorf("it is %q of version %d, and not a merge plan of version %d", p.Isthmus, p.Version, PlanVersion)}
	}
	line, err := p.read()
	if err == io.EOF {
		return nil
	}
	if err == nil && !bytes.HasPrefix(line, []byte("- ")) {
		return &PlanError{p.path, p.line, fmt.Errorf("an entry begins with a dash at the margin")}
	}
	p.next = line
	return err
}

// Next returns the next entry, or io.EOF after the last.
func (p *Plan) Next() (*Entry, error) {
	if p.next == nil {
		return nil, io.EOF
	}
	text, at := append([]byte(nil), p.next...), p.line
	for {
		line, err := p.read()
		if err == io.EOF {
			p.next = nil
			break
		}
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(line, []byte("- ")) {
			p.next = line
			break
		}
		if text = append(text, line...); len(text) > maxPlanEntry {
			return nil, &PlanError{p.path, at, fmt.Errorf("the entry is longer than %d KiB", maxPlanEntry>>10)}
		}
	}
	var list []*Entry
	if err := parse(text, &list); err != nil {
		return nil, &PlanError{p.path, at, err}
	}
	if len(list) != 1 || list[0] == nil {
		return nil, &PlanError{p.path, at, fmt.Errorf("it is no entry")}
	}
	return list[0], list[0].check(p.path, at)
}

// maxNesting bounds how deep a text is nested: the parser recurses, and a stack that
// overflows cannot be recovered from.
const maxNesting = 40

// parse reads YAML, strictly, that is not nested beyond what anything here needs.
func parse(text []byte, into any) error {
	depth, quote := 0, byte(0)
	for line := range bytes.Lines(text) {
		indent := bytes.TrimLeft(line, " -?")
		if len(line)-len(indent) > maxNesting {
			return fmt.Errorf("it is nested more than %d deep", maxNesting)
		}
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case quote == '"' && c == '\\':
				i++
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '[' || c == '{':
				if depth++; depth > maxNesting {
					return fmt.Errorf("it is nested more than %d deep", maxNesting)
				}
			case (c == ']' || c == '}') && depth > 0:
				depth--
			}
		}
		quote = 0 // no text of ours goes over lines
	}
	return yaml.UnmarshalWithOptions(text, into, yaml.Strict())
}

func (e *Entry) check(path string, line int) error {
	switch {
	case e.Decision != Join && e.Decision != Add && e.Decision != Skip && e.Decision != Ask:
		return &PlanError{path, line, fmt.Errorf("a decision is join, add, skip or ask, and not %q", e.Decision)}
	case e.Decision == Join && len(e.Target) != 1:
		return &PlanError{path, line, fmt.Errorf("entry %d joins, and has %d targets: keep the one to join", e.N, len(e.Target))}
	case e.N < 1:
		return &PlanError{path, line, fmt.Errorf("the entry has no number")}
	}
	for name, c := range e.Clashes {
		if c.Keep != keepSource && c.Keep != keepTarget {
			return &PlanError{path, line, fmt.Errorf("keep of %s is source or target, and not %q", name, c.Keep)}
		}
	}
	return nil
}

// read returns a line with its end.
func (p *Plan) read() ([]byte, error) {
	var line []byte
	for {
		part, err := p.in.ReadSlice('\n')
		line = append(line, part...)
		if err == bufio.ErrBufferFull && len(line) <= maxPlanEntry {
			continue
		}
		if err == io.EOF && len(line) > 0 {
			err = nil
		}
		p.line++
		if err == bufio.ErrBufferFull {
			err = &PlanError{p.path, p.line, fmt.Errorf("the line is longer than %d KiB", maxPlanEntry>>10)}
		}
		return line, err
	}
}
