package mapping

import "strings"

// Problem is one thing that is wrong with a schema, a rule or a value. Message is a sentence for operators that says
// what was found and what would be right; it quotes names from the configuration, never a person's data.
type Problem struct {
	Attribute string // the attribute concerned, as it was written; may be empty
	Message   string
}

// Problems is every problem of one check, in the order of the input. It is the error of [NewSchema], [Compile] and
// [Schema.Check]; reach it with errors.As.
type Problems []Problem

// Error joins the messages, one per line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Message
	}
	return strings.Join(lines, "\n")
}

func (p *Problems) add(attribute, message string) {
	*p = append(*p, Problem{Attribute: attribute, Message: message})
}

// err returns nil, not an empty list in an interface, when there is no problem.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// nearest returns the candidate that is a few typing errors away from name (one in a short name, three in a long one),
// or "" if none is near enough to be worth suggesting.
func nearest(name string, candidates []string) string {
	best, bestDistance := "", 2+min(len(name)/4, 2)
	for _, candidate := range candidates {
		if d := distance(name, candidate); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two names in bytes; attribute names are ASCII and short.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
