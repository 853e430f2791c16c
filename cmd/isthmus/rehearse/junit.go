package rehearse

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// The elements of a JUnit report, in the order and with the attributes that both
// of the schemas in use ask for (Ant's and Jenkins').
type (
	suites struct {
		XMLName xml.Name `xml:"testsuites"`
		Suites  []suite  `xml:"testsuite"`
	}
	suite struct {
		Name       string     `xml:"name,attr"`
		Package    string     `xml:"package,attr"`
		ID         int        `xml:"id,attr"`
		Timestamp  string     `xml:"timestamp,attr"`
		Hostname   string     `xml:"hostname,attr"`
		Tests      int        `xml:"tests,attr"`
		Failures   int        `xml:"failures,attr"`
		Errors     int        `xml:"errors,attr"`
		Skipped    int        `xml:"skipped,attr"`
		Time       string     `xml:"time,attr"`
		Properties []property `xml:"properties>property"`
		Cases      []testCase `xml:"testcase"`
		Out        string     `xml:"system-out"`
		Err        string     `xml:"system-err"`
	}
	property struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	testCase struct {
		Name    string   `xml:"name,attr"`
		Class   string   `xml:"classname,attr"`
		Time    string   `xml:"time,attr"`
		Skipped *skipped `xml:"skipped"`
		Error   *failure `xml:"error"`
		Failure *failure `xml:"failure"`
	}
	skipped struct {
		Message string `xml:"message,attr"`
	}
	failure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the report as JUnit XML: a suite for each end, a case for each
// party and for what the browser did. A party that cannot be told is skipped; an
// end that could not be rehearsed is an error.
func (r *Report) JUnit(w io.Writer) error {
	all := suites{Suites: make([]suite, len(r.Ends))}
	for i := range r.Ends {
		all.Suites[i] = r.suite(i)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func (r *Report) suite(id int) suite {
	e := &r.Ends[id]
	s := suite{
		Name: e.Name(), Package: "isthmus.logout", ID: id, Timestamp: e.Began.UTC().Format("2006-01-02T15:04:05"), Hostname: "localhost", Time: seconds(e.Took),
		Properties: []property{{"file", printable(r.File)}, {"within", short(r.Within)}, {"faults", printable(strings.Join(r.Faults, " "))}},
	}
	class := "isthmus.logout." + e.Pool + "." + string(e.Kind)
	add := func(c testCase) {
		c.Class = class
		if c.Time == "" {
			c.Time = seconds(0)
		}
		s.Tests++
		switch {
		case c.Skipped != nil:
			s.Skipped++
		case c.Error != nil:
			s.Errors++
		case c.Failure != nil:
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
	}
	if e.Problem != "" {
		add(testCase{Name: "sign-in", Error: &failure{Message: printable(e.Problem), Type: "not rehearsed"}})
	}
	for i := range e.Parties {
		add(e.Parties[i].testCase(r.Within))
	}
	for _, c := range e.Checks {
		t := testCase{Name: c.Name}
		if !c.OK {
			t.Failure = &failure{Message: printable(c.sentence()), Type: c.Name}
		}
		add(t)
	}
	return s
}

func (p *Party) testCase(within time.Duration) testCase {
	t := testCase{Name: printable(p.Name)}
	if p.After != nil {
		t.Time = seconds(*p.After)
	}
	var wrong []string
	if p.Telling == Missed {
		wrong = append(wrong, join("not told within "+short(within), p.Note))
	}
	wrong = append(wrong, p.Wrong...)
	switch {
	case len(wrong) > 0:
		t.Failure = &failure{Message: printable(strings.Join(wrong, "; ")), Type: string(p.Telling), Text: printable(p.account())}
	case p.Telling == Mute:
		t.Skipped = &skipped{printable("cannot be told: " + p.Note)}
	}
	return t
}

// account is what is known of a party, in a line.
func (p *Party) account() string {
	return fmt.Sprintf("channel %s, %d attempts, outcome %s, access token %s, refresh token %s", p.Channel, p.Attempts, p.Outcome, p.Access, p.Refresh)
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }

// printable leaves out what XML has no place for (XML 1.0 §2.2), and more.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s)
}
