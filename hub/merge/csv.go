package merge

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/mapping"
)

// readCSV reads the file of a Cognito import job. Its header is GetCSVHeader's,
// in any order; a column sub may be added, which Cognito has not. Cells are text:
// one that a spreadsheet would compute is a value like any other here.
func readCSV(r io.Reader, file string, yield func(*Person, error) bool) {
	meter := &meter{r: r, left: maxRecord}
	in := bufio.NewReader(meter)
	if head, _ := in.Peek(len(bom)); string(head) == string(bom) {
		_, _ = in.Discard(len(bom))
	}
	rows := csv.NewReader(in)
	rows.ReuseRecord = true
	fail := func(err error) {
		line, _ := rows.FieldPos(0)
		yield(nil, &RecordError{file, line, err})
	}
	head, err := rows.Read()
	if err != nil {
		yield(nil, &RecordError{file, 1, err})
		return
	}
	columns, err := csvColumns(head)
	if err != nil {
		fail(err)
		return
	}
	for {
		meter.left = maxRecord
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			yield(nil, &RecordError{file, wrong.Line, wrong.Err})
			return
		}
		if err != nil {
			fail(err)
			return
		}
		p, err := csvPerson(columns, row)
		if err != nil {
			fail(err)
			return
		}
		if !yield(p, nil) {
			return
		}
	}
}

func csvColumns(head []string) ([]string, error) {
	columns := make([]string, len(head))
	seen := map[string]bool{}
	for i, name := range head {
		columns[i] = strings.Clone(strings.TrimSpace(name))
		if columns[i] == "" || seen[columns[i]] {
			return nil, fmt.Errorf("column %d of the header has no name, or one that is there twice", i+1)
		}
		seen[columns[i]] = true
	}
	if !seen["cognito:username"] {
		return nil, errors.New("the header has no cognito:username")
	}
	return columns, nil
}

func csvPerson(columns, row []string) (*Person, error) {
	p := &Person{User: hub.User{Status: hub.Confirmed, Attributes: mapping.Attributes{}}}
	for i, name := range columns {
		value := strings.Clone(row[i])
		switch name {
		case "cognito:username":
			p.Username = value
		case "cognito:mfa_enabled": // there is no second factor here to switch on
		case "email_verified", "phone_number_verified":
			p.Attributes[name] = strings.ToLower(value) // spreadsheets write TRUE
			if value == "" {
				delete(p.Attributes, name)
			}
		default:
			if err := p.attribute(name, value); err != nil {
				return nil, err
			}
		}
	}
	p.AddressProven = p.Attributes["email_verified"] == "true"
	return p, p.check()
}
