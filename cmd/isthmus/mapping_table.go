package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/web/admin"
)

// writeTries writes whom the mapping touches, what matters most first, and a
// summary.
func writeTries(w io.Writer, p paint, tries admin.Tries) {
	longest := 0
	for _, t := range tries.People {
		for _, c := range t.Changes {
			longest = max(longest, cells(plain(c.Attribute)))
		}
	}
	for _, t := range tries.People {
		if t.Verdict == admin.Unchanged && len(t.Notes) == 0 {
			continue
		}
		mark := p.good()
		switch t.Verdict {
		case admin.Lost:
			mark = p.bad()
		case admin.Out, admin.Asked:
			mark = p.caution()
		}
		fmt.Fprintf(w, "%s %s %s\n", mark, plain(t.Person), t.Verdict)
		for _, why := range t.Stops {
			fmt.Fprintf(w, "    %s\n", plain(why))
		}
		if len(t.Asked) > 0 {
			fmt.Fprintf(w, "    for %s\n", plain(strings.Join(t.Asked, ", ")))
		}
		for _, c := range t.Changes {
			name := plain(c.Attribute)
			fmt.Fprintf(w, "    %s%s  %s → %s\n", name, strings.Repeat(" ", longest-cells(name)), orDash(plain(c.Old)), orDash(plain(c.New)))
		}
		for _, note := range t.Notes {
			fmt.Fprintf(w, "    note: %s\n", plain(note))
		}
	}
	fmt.Fprintln(w, trialSummary(tries))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// trialSummary is the whole in a sentence, such as: 48 people: 41 unchanged, 5 change
// family_name, 2 could not sign in.
func trialSummary(tries admin.Tries) string {
	n := len(tries.People)
	switch n {
	case 0:
		return "No claims of " + plain(tries.Provider) + " are kept yet. They are from the next sign-in on, unless the configuration says samples: {keep: 0}; --claims takes a file."
	case 1:
		return "1 person: " + strings.Join(parts(tries), ", ") + "."
	}
	return fmt.Sprintf("%d people: %s.", n, strings.Join(parts(tries), ", "))
}

func parts(tries admin.Tries) (list []string) {
	add := func(n int, words string) {
		if n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, words))
		}
	}
	add(tries.Verdicts[admin.Unchanged], "unchanged")
	names := slices.SortedFunc(maps.Keys(tries.Changes), func(a, b string) int {
		if d := tries.Changes[b] - tries.Changes[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		if len(names) > 1 {
			names[i] = fmt.Sprintf("%s %d", plain(name), tries.Changes[name])
		}
	}
	what := strings.Join(names, ", ")
	if len(names) > 1 {
		what = "(" + what + ")"
	}
	verb := "change "
	if tries.Verdicts[admin.Changed] == 1 {
		verb = "changes "
	}
	add(tries.Verdicts[admin.Changed], verb+what)
	add(tries.Verdicts[admin.Newcomer], "new")
	add(tries.Verdicts[admin.Asked], "would be asked")
	add(tries.Verdicts[admin.Out], "could not sign in, as now")
	add(tries.Lost, "could not sign in any more")
	return list
}
