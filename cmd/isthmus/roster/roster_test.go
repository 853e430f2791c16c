package roster_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/roster"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/mapping"
)

// columns are those of a pool with one custom attribute.
func columns(t testing.TB) []string {
	t.Helper()
	s, err := mapping.NewSchema([]string{"email"}, []mapping.Attribute{{Name: "dept"}})
	if err != nil {
		t.Fatal(err)
	}
	return directory.ImportColumns(s)
}

// told is a file as lines: a row each, and how it ends.
func told(r io.Reader, columns []string) (lines []string) {
	f, err := roster.NewReader(r, columns)
	for err == nil {
		var row *roster.Row
		if row, err = f.Next(); err == nil {
			line := fmt.Sprintf("%d %s", row.Line, row.Username)
			if row.MFA {
				line += " mfa"
			}
			for _, name := range slices.Sorted(maps.Keys(row.Attributes)) {
				line += fmt.Sprintf(" %s=%q", name, row.Attributes[name])
			}
			lines = append(lines, line)
		} else if wrong := (*roster.RowError)(nil); errors.As(err, &wrong) {
			lines, err = append(lines, fmt.Sprintf("%d %s refused: %s", wrong.Line, wrong.Username, wrong.Reason)), nil
		}
	}
	if err != io.EOF {
		lines = append(lines, "ends: "+err.Error())
	}
	return lines
}

func TestReader(t *testing.T) {
	const head = "cognito:username,email,cognito:mfa_enabled,email_verified,custom:dept\n"
	long := strings.Repeat("x", roster.MaxRow)
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"rows":             {head + "ada,ada@x.example,FALSE,True,sales\nbob,,true,,\n", []string{`2 ada custom:dept="sales" email="ada@x.example" email_verified="true"`, "3 bob mfa"}},
		"byte order mark":  {"\ufeff" + head + "ada,,,,\r\n", []string{"2 ada"}},
		"mark and quotes":  {"\ufeff\"cognito:username\",name\nada,\"Ada, \"\"A\"\"\"\n", []string{`2 ada name="Ada, \"A\""`}},
		"another order":    {"email,cognito:username\na@x.example,ada", []string{`2 ada email="a@x.example"`}},
		"lines in cells":   {"address,cognito:username\n\"1 High St\r\nTown\",ada\n,bob\n", []string{`2 ada address="1 High St\nTown"`, "4 bob"}},
		"empty lines":      {"cognito:username\n\nada\n\n\nbob\n", []string{"3 ada", "6 bob"}},
		"nobody":           {head, nil},
		"cells":            {head + "ada,x\nbob,,,,\n\"\",a,,,\n", []string{"2  refused: has 2 cells where the header has 5; a cell with a comma in it stands in quotes", "3 bob", "4  refused: has no cognito:username"}},
		"flag":             {head + "ada,,maybe,,\nbob,,,1,\n", []string{"2 ada refused: the cell cognito:mfa_enabled is neither true nor false", "3 bob refused: the cell email_verified is neither true nor false"}},
		"NUL":              {head + "a\x00b,,,,\nada,\x00,,,\n", []string{"2 a?b refused: the cell cognito:username holds a NUL byte", "3 ada refused: the cell email holds a NUL byte"}},
		"not UTF-8":        {head + "ada,\xff\xfe,,,\nb\xffb,,,,\n", []string{"2 ada refused: the cell email is not UTF-8", "3 b?b refused: the cell cognito:username is not UTF-8"}},
		"huge cell":        {head + "ada," + long + ",,,\nbob,,,,\n", []string{"2 ada refused: has more than 160 KiB", "3 bob"}},
		"endless row":      {head + "ada,,,,\nbob," + strings.Repeat(long, 8) + "\n", []string{"2 ada", "ends: line 3: from here on nothing ends a row within 1 MiB; is a quote open?"}},
		"open quote":       {head + "ada,\"x,,,\nbob,,,,\n" + strings.Repeat("c,,,,\n", 300_000), []string{"ends: line 2: from here on nothing ends a row within 1 MiB; is a quote open?"}},
		"open at the end":  {head + "ada,\"x,,,\n", []string{"ends: line 2, column 11: a quote ends no cell, or a cell is not ended; a quote in a cell in quotes is written twice"}},
		"stray quote":      {head + "ada,x\"y,,,\nbob,,,,\n", []string{"ends: line 2, column 6: a quote stands in a cell that does not begin with one; write it twice, in a cell in quotes"}},
		"quote in quotes":  {head + "ada,\"x\"y,,,\nbob,,,,\n", []string{"ends: line 2, column 7: a quote ends no cell, or a cell is not ended; a quote in a cell in quotes is written twice"}},
		"empty":            {"", []string{"ends: the file is empty; its first line names the columns, see  isthmus user import --header"}},
		"UTF-16":           {"\xff\xfec\x00", []string{"ends: the file is UTF-16; save it as CSV in UTF-8"}},
		"semicolons":       {"cognito:username;email\n", []string{"ends: line 1, column 1: the columns are not separated by commas"}},
		"column twice":     {"cognito:username,email,email\n", []string{`ends: line 1, column 24: the column "email" is there twice`}},
		"column unknown":   {"cognito:username,password\n", []string{`ends: line 1, column 18: "password" is neither a standard attribute nor a custom one of the pool; isthmus user import --header lists the columns`}},
		"column protected": {"cognito:username,sub\n", []string{`ends: line 1, column 18: "sub" is neither a standard attribute nor a custom one of the pool; isthmus user import --header lists the columns`}},
		"column in case":   {"cognito:username, Email\n", []string{`ends: line 1, column 18: " Email" is not a column; write "email"`}},
		"column hostile":   {"cognito:username,\"a\nb\x1b[31m\"\n", []string{`ends: line 1, column 18: "a?b?[31m" is neither a standard attribute nor a custom one of the pool; isthmus user import --header lists the columns`}},
		"no names":         {"email\n", []string{"ends: line 1: the column cognito:username is missing"}},
	} {
		if diff := cmp.Diff(c.want, told(strings.NewReader(c.file), columns(t))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A million rows, one of which is as long as it may be, take no more memory than a
// few of them.
func TestA156_Streams(t *testing.T) {
	head := "cognito:username,email,email_verified\n"
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, head)
		for i := range 1_000_000 {
			if _, err := fmt.Fprintf(w, "person-%d,person-%d@corp.example,true\n", i, i); err != nil {
				return
			}
		}
		_ = w.Close()
	}()
	f, err := roster.NewReader(r, columns(t))
	if err != nil {
		t.Fatal(err)
	}
	rows, most := 0, uint64(0)
	var m runtime.MemStats
	for {
		row, err := f.Next()
		if err == io.EOF {
			break
		}
		if err != nil || row.Attributes["email_verified"] != "true" {
			t.Fatalf("%+v, %v", row, err)
		}
		if rows++; rows%100_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if rows != 1_000_000 || most > 32<<20 {
		t.Errorf("%d rows, %d KiB in use", rows, most>>10)
	}
}

// What a spreadsheet would run is shown instead.
func TestA156_Harmless(t *testing.T) {
	var page bytes.Buffer
	w, err := roster.NewWriter(&page, "line", "reason")
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "ada", "", "a=1", `=cmd|' /C calc'!A0`, `a,"b"`} {
		if err := w.Row("1", cell); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&page).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows[1:] {
		got = append(got, row[1])
	}
	want := []string{"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'\r=1", "'\n=1", "'＝1", "ada", "", "a=1", `'=cmd|' /C calc'!A0`, `a,"b"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzReader: nothing panics, lines only go up, rows are whole, and a row that is
// written as CSV again is the same row.
func FuzzReader(f *testing.F) {
	f.Add([]byte("cognito:username,email\nada,ada@x.example\n"))
	f.Add([]byte("\xef\xbb\xbfname,cognito:username,cognito:mfa_enabled\n\"A, \"\"B\"\"\n\",b,TRUE\n,,\nx\n"))
	f.Add([]byte("cognito:username\n\"\n\"\n\"a\"b\n"))
	f.Add([]byte("address,cognito:username\n\"a\r\nb\",\xff\n"))
	known := columns(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := roster.NewReader(bytes.NewReader(data), known)
		if err != nil {
			return
		}
		for line := 1; ; {
			row, err := r.Next()
			if wrong := (*roster.RowError)(nil); errors.As(err, &wrong) {
				if wrong.Line <= line || !utf8.ValidString(wrong.Username) {
					t.Fatalf("%+v after line %d", wrong, line)
				}
				line = wrong.Line
				continue
			}
			if err != nil {
				return
			}
			if row.Line <= line || row.Username == "" || row.Size() < len(row.Username) {
				t.Fatalf("%+v after line %d", row, line)
			}
			line = row.Line
			again(t, known, row)
		}
	})
}

// again writes a row as a file of its own, and reads it.
func again(t *testing.T, known []string, row *roster.Row) {
	t.Helper()
	header, cells := []string{directory.ColumnUsername, directory.ColumnMFA}, []string{row.Username, fmt.Sprint(row.MFA)}
	for _, name := range slices.Sorted(maps.Keys(row.Attributes)) {
		header, cells = append(header, name), append(cells, row.Attributes[name])
	}
	var file bytes.Buffer
	w := csv.NewWriter(&file)
	if err := w.WriteAll([][]string{header, cells}); err != nil {
		t.Fatal(err)
	}
	r, err := roster.NewReader(&file, known)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Next()
	if err != nil {
		t.Fatalf("%+v: %v", row, err)
	}
	got.Line = row.Line
	if diff := cmp.Diff(row, got); diff != "" {
		t.Fatalf("another row (-before +after):\n%s", diff)
	}
}
