package roster

import (
	"encoding/csv"
	"io"
	"strings"
)

// Harmless is a cell that no spreadsheet takes for a formula: one that begins
// like one gets an apostrophe before it (security row A156, CWE-1236).
func Harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) || strings.HasPrefix(cell, "＝") || strings.HasPrefix(cell, "＋") ||
		strings.HasPrefix(cell, "－") || strings.HasPrefix(cell, "＠") {
		return "'" + cell
	}
	return cell
}

// Writer writes CSV of harmless cells.
type Writer struct{ csv *csv.Writer }

// NewWriter writes the header.
func NewWriter(w io.Writer, header ...string) (*Writer, error) {
	c := &Writer{csv.NewWriter(w)}
	return c, c.csv.Write(header)
}

// Append goes on with a file that has its header.
func Append(w io.Writer) *Writer { return &Writer{csv.NewWriter(w)} }

// Row writes one row.
func (w *Writer) Row(cells ...string) error {
	for i, c := range cells {
		cells[i] = Harmless(c)
	}
	return w.csv.Write(cells)
}

// Flush hands over what was written.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
