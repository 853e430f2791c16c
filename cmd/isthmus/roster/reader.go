package roster

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/isthmus-hub/isthmus/hub/directory"
)

// Bounds on a row, in bytes: of one that is taken, and of one that is read at all.
const (
	MaxRow    = 160 << 10
	maxRecord = 1 << 20
)

// FileError says why a file is not read, or not read on.
type FileError struct {
	Line, Column int // from 1; zero: the file as a whole
	Message      string
}

func (e *FileError) Error() string {
	switch {
	case e.Line == 0:
		return e.Message
	case e.Column == 0:
		return fmt.Sprintf("line %d: %s", e.Line, e.Message)
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// RowError refuses one row.
type RowError struct {
	Line     int
	Username string // as far as it can be read
	Reason   string // without values
}

func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Row is one person of the file.
type Row struct {
	Line       int
	Username   string
	MFA        bool              // cognito:mfa_enabled
	Attributes map[string]string // without empty ones
}

// Size bounds from above what the row takes as JSON, in bytes.
func (r *Row) Size() int {
	n := 64 + 6*len(r.Username)
	for name, value := range r.Attributes {
		n += 16 + 6*(len(name)+len(value))
	}
	return n
}

// Reader reads the rows of a file.
type Reader struct {
	csv     *csv.Reader
	bound   *bound
	columns []string
	name    int // index of ColumnUsername
	line    int // where the latest row began
}

// NewReader reads the header, which names some of the columns, in any order, and
// ColumnUsername among them. The error is a *FileError or the reader's own.
func NewReader(r io.Reader, columns []string) (*Reader, error) {
	text := bufio.NewReader(r)
	if start, _ := text.Peek(3); bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		_, _ = text.Discard(3) // the byte order mark
	} else if bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) {
		return nil, &FileError{Message: "the file is UTF-16; save it as CSV in UTF-8"}
	}
	b := &bound{r: text, left: maxRecord}
	f := &Reader{csv: csv.NewReader(b), bound: b, name: -1}
	f.csv.ReuseRecord = true
	header, err := f.csv.Read()
	if err == io.EOF {
		return nil, &FileError{Message: "the file is empty; its first line names the columns, see  isthmus user import --header"}
	}
	if err != nil {
		return nil, fileError(err, 1)
	}
	f.line = 1
	for i, name := range header {
		line, column := f.csv.FieldPos(i)
		bad := func(format string, args ...any) (*Reader, error) {
			return nil, &FileError{line, column, fmt.Sprintf(format, args...)}
		}
		switch {
		case slices.Contains(f.columns, name):
			return bad("the column %q is there twice", name)
		case len(header) == 1 && strings.ContainsAny(name, ";\t"):
			return bad("the columns are not separated by commas")
		case !slices.Contains(columns, name):
			if near := slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, strings.TrimSpace(name)) }); near >= 0 {
				return bad("%q is not a column; write %q", cut(name), columns[near])
			}
			return bad("%q is neither a standard attribute nor a custom one of the pool; isthmus user import --header lists the columns", cut(name))
		case name == directory.ColumnUsername:
			f.name = i
		}
		f.columns = append(f.columns, strings.Clone(name))
	}
	if f.name < 0 {
		return nil, &FileError{1, 0, "the column cognito:username is missing"}
	}
	return f, nil
}

// Next returns the next row; io.EOF after the last. After a *RowError the file
// goes on, after any other error it does not.
func (f *Reader) Next() (*Row, error) {
	f.bound.left = maxRecord
	record, err := f.csv.Read()
	if err == io.EOF {
		return nil, err
	}
	wrong, _ := errors.AsType[*csv.ParseError](err)
	if err != nil && (wrong == nil || wrong.Err != csv.ErrFieldCount) {
		return nil, fileError(err, f.line+1)
	}
	line, _ := f.csv.FieldPos(0)
	f.line = line
	refuse := func(format string, args ...any) (*Row, error) {
		e := &RowError{Line: line, Reason: fmt.Sprintf(format, args...)}
		if f.name < len(record) && wrong == nil {
			e.Username = cut(record[f.name])
		}
		return nil, e
	}
	if wrong != nil {
		return refuse("has %d cells where the header has %d; a cell with a comma in it stands in quotes", len(record), len(f.columns))
	}
	row, size := &Row{Line: line, Attributes: map[string]string{}}, 0
	for i, value := range record {
		name := f.columns[i]
		if size += len(value); size > MaxRow {
			return refuse("has more than %d KiB", MaxRow>>10)
		}
		switch {
		case !utf8.ValidString(value):
			return refuse("the cell %s is not UTF-8", name)
		case strings.ContainsRune(value, 0):
			return refuse("the cell %s holds a NUL byte", name)
		case i == f.name:
			row.Username = strings.Clone(value)
		case name == directory.ColumnMFA || strings.HasSuffix(name, "_verified"):
			switch flag := strings.ToLower(value); {
			case flag != "" && flag != "true" && flag != "false":
				return refuse("the cell %s is neither true nor false", name)
			case name == directory.ColumnMFA:
				row.MFA = flag == "true"
			case flag != "":
				row.Attributes[name] = flag
			}
		case value != "":
			row.Attributes[name] = strings.Clone(value)
		}
	}
	if row.Username == "" {
		return refuse("has no cognito:username")
	}
	return row, nil
}

// Offset is how many bytes of the file have been read as rows.
func (f *Reader) Offset() int64 { return f.csv.InputOffset() }

// fileError says in words what encoding/csv found.
func fileError(err error, line int) error {
	if errors.Is(err, errLong) {
		return &FileError{line, 0, "from here on nothing ends a row within 1 MiB; is a quote open?"}
	}
	wrong, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return err
	}
	message := wrong.Err.Error()
	switch wrong.Err {
	case csv.ErrBareQuote:
		message = `a quote stands in a cell that does not begin with one; write it twice, in a cell in quotes`
	case csv.ErrQuote:
		message = `a quote ends no cell, or a cell is not ended; a quote in a cell in quotes is written twice`
	}
	return &FileError{wrong.Line, wrong.Column, message}
}

// cut shortens a text for a message, and takes out of it what no line shows.
func cut(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	if len(s) > 128 {
		return strings.ToValidUTF8(s[:128], "") + "…"
	}
	return s
}

var errLong = errors.New("a row without an end")

// bound fails once left is used up; whoever reads rows fills it again.
type bound struct {
	r    io.Reader
	left int
}

func (b *bound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
