package merge

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// ExportVersion is the newest form of export that this program writes and reads.
const ExportVersion = 1

// ExportHead is the first line of an export. The others are a Person each.
type ExportHead struct {
	Isthmus   string `json:"isthmus"` // "users"
	Version   int    `json:"version"`
	Pool      string `json:"pool"`
	Issuer    string `json:"issuer"`
	Passwords bool   `json:"passwords"`
}

// Export writes people as lines of JSON.
func Export(w io.Writer, h ExportHead, people iter.Seq2[*Person, error]) (n int, err error) {
	h.Isthmus, h.Version = "users", ExportVersion
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(h); err != nil {
		return 0, err
	}
	for p, err := range people {
		if err != nil {
			return n, err
		}
		if err := encoder.Encode(p); err != nil {
			return n, err
		}
		n++
	}
	return n, out.Flush()
}

func parseExportHead(line []byte) (h ExportHead, err error) {
	if err := json.Unmarshal(line, &h); err != nil {
		return h, fmt.Errorf("the first line is not that of an export: %w", err)
	}
	switch {
	case h.Isthmus != "users":
		return h, fmt.Errorf("it is an export of %q, not of users", h.Isthmus)
	case h.Version != ExportVersion:
		return h, fmt.Errorf("the export has version %d and this program knows %d", h.Version, ExportVersion)
	case !poolName.MatchString(h.Pool):
		return h, fmt.Errorf("it names no pool that there could be: %q", h.Pool)
	}
	return h, nil
}

func readExport(r io.Reader, file string, yield func(*Person, error) bool) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxRecord)
	n := 0
	for lines.Scan() {
		if n++; n == 1 {
			continue
		}
		p := new(Person)
		err := json.Unmarshal(lines.Bytes(), p)
		if err == nil {
			p.HasPassword = p.HasPassword || p.Password != ""
			err = p.check()
		}
		if err != nil {
			yield(nil, &RecordError{file, n, err})
			return
		}
		if !yield(p, nil) {
			return
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("it is longer than %d KiB", maxRecord>>10)
		}
		yield(nil, &RecordError{file, n + 1, err})
	}
}
