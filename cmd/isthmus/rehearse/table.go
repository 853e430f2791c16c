package rehearse

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/isthmus-hub/isthmus/config"
)

// Marks are what stands before a line, for people.
type Marks struct{ Good, Caution, Bad, Neutral string }

// Table writes a report for people: a block for each end, a line for each party,
// and the verdict. plain makes text that others chose fit for a terminal.
func (r *Report) Table(w io.Writer, m Marks, plain func(string) string) {
	for i := range r.Ends {
		r.Ends[i].table(w, m, plain)
	}
	for _, k := range r.Remarks {
		fmt.Fprintf(w, "%s %s: %s\n", m.Caution, plain(k.Pool), plain(k.Text))
	}
	fmt.Fprintln(w, plain(r.Verdict()))
}

func (e *End) table(w io.Writer, m Marks, plain func(string) string) {
	head := fmt.Sprintf("%s · %s", e.Pool, e.Title)
	if e.Kind != Provider && e.Kind != ProviderFront {
		head += " · signed in by " + wayName(e.Way)
	}
	fmt.Fprintln(w, plain(head))
	if e.Problem != "" {
		fmt.Fprintf(w, "  %s %s\n", m.Bad, plain(e.Problem))
		return
	}
	rows := make([][]string, len(e.Parties))
	for i := range e.Parties {
		rows[i] = e.Parties[i].cells()
	}
	widths := make([]int, 3)
	for _, row := range rows {
		for i := range widths {
			widths[i] = max(widths[i], utf8.RuneCountInString(plain(row[i])))
		}
	}
	for i, row := range rows {
		mark := m.Good
		switch {
		case !e.Parties[i].OK():
			mark = m.Bad
		case e.Parties[i].Telling == Mute && e.Parties[i].Provider:
			mark = m.Neutral
		case e.Parties[i].Telling == Mute:
			mark = m.Caution
		}
		line := "  " + mark
		for n, text := range row {
			text = plain(text)
			line += " " + text
			if n < len(widths) {
				line += strings.Repeat(" ", widths[n]-utf8.RuneCountInString(text)+1)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	for _, c := range e.Checks {
		if !c.OK {
			fmt.Fprintf(w, "  %s %s\n", m.Bad, plain(c.sentence()))
		}
	}
}

// wayName is a way in, as people say it.
func wayName(way string) string {
	if way == config.PasswordForm {
		return "password"
	}
	return way
}

// sentence tells of a check that did not hold.
func (c Check) sentence() string {
	switch c.Name {
	case "returned", "end":
		return c.Detail
	default:
		return c.Name + " " + c.Detail
	}
}

// cells are a party's name, way, speed, and the rest.
func (p *Party) cells() []string {
	row := []string{p.Name, strings.ReplaceAll(p.Channel, "-", " "), "", ""}
	switch {
	case p.Telling == Mute:
		row[1], row[3] = "cannot be told", p.Note
	case p.Telling == Missed:
		row[2], row[3] = "not told", p.Note
	case p.After == nil:
		row[1], row[3] = "told", p.Note
	default:
		row[2] = short(time.Duration(*p.After * float64(time.Second)))
	}
	if p.Attempts > 1 {
		row[3] = join(fmt.Sprintf("%d attempts", p.Attempts), row[3])
	}
	for _, wrong := range p.Wrong {
		row[3] = join(row[3], wrong)
	}
	if p.Refresh == Alive && len(p.Wrong) == 0 {
		row[3] = join(row[3], "keeps its refresh token")
	}
	return row
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// short is a duration in two or three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", max(d.Milliseconds(), 1))
	case d < 10*time.Second && d%time.Second != 0:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d%time.Minute == 0:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	default:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
}

// Verdict is the report in a sentence or two.
func (r *Report) Verdict() string {
	var failed int
	var missed, mute []string
	for i := range r.Ends {
		e := &r.Ends[i]
		if !e.OK {
			failed++
		}
		for n := range e.Parties {
			p := &e.Parties[n]
			switch {
			case p.Telling == Missed && !slices.Contains(missed, p.Name):
				missed = append(missed, p.Name)
			case p.Telling == Mute && !p.Provider && !slices.Contains(mute, p.Name):
				mute = append(mute, p.Name)
			}
		}
	}
	text := fmt.Sprintf("%s: everybody who can be told knew within %s, and every token ended as the file says.", ends(len(r.Ends)), short(r.Within))
	if failed > 0 {
		text = fmt.Sprintf("%d of %s did not go as the file says.", failed, ends(len(r.Ends)))
		if len(missed) > 0 {
			text += fmt.Sprintf(" Not told within %s: %s.", short(r.Within), strings.Join(missed, ", "))
		}
	}
	if len(mute) > 0 {
		text += fmt.Sprintf(" Not at every end can be told: %s.", strings.Join(mute, ", "))
	}
	return text
}

func ends(n int) string {
	if n == 1 {
		return "1 end"
	}
	return fmt.Sprintf("%d ends", n)
}
