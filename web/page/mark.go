package page

import (
	"strings"
	"unicode"
)

// marks are the small drawings on buttons: lines in a square of 20 units, in the
// colour of the text. They are our own and plain on purpose, a letter or a shape
// in a circle and nobody's trademark: enough to find a button by.
var marks = map[string]string{
	"corporate": "M3.8 17V4.6c0-.7.5-1.2 1.2-1.2h5.8c.7 0 1.2.5 1.2 1.2V17M12 8.4h3c.7 0 1.2.5 1.2 1.2V17M2.4 17h15.2M6.7 6.8h2.4M6.7 10h2.4M6.7 13.2h2.4",
	"person":    "M13 6.8a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM3.8 17c.6-3.2 3-5 6.2-5s5.6 1.8 6.2 5",
	"google":    circle + "M12.9 7.6a3.8 3.8 0 1 0 .9 2.6h-3.5",
	"apple":     circle + "M6.9 13.5 10 6.3l3.1 7.2M8 11.2h4",
	"microsoft": circle + "M6.6 13.4V6.7l3.4 4.4 3.4-4.4v6.7",
	"facebook":  circle + "M12.2 6.3h-.7c-1.2 0-1.9.7-1.9 1.9v5.5M7.7 9.9h4",
	"amazon":    circle + "M12.7 7.3v5.6M12.7 10.1a2.7 2.7 0 1 1-5.4 0 2.7 2.7 0 0 1 5.4 0z",
	"linkedin":  circle + "M8 6.4v7h4.5",
	"github":    circle + "M8.9 6.9a1.1 1.1 0 1 1-2.2 0 1.1 1.1 0 0 1 2.2 0zM13.3 7.6a1.1 1.1 0 1 1-2.2 0 1.1 1.1 0 0 1 2.2 0zM8.9 13.3a1.1 1.1 0 1 1-2.2 0 1.1 1.1 0 0 1 2.2 0zM7.8 8v4.2M12.2 8.7c0 1.8-4.4 1.2-4.4 3.5",
	"gitlab":    circle + "M8.7 6.8a1.1 1.1 0 1 1-2.2 0 1.1 1.1 0 0 1 2.2 0zM13.5 11.6a1.1 1.1 0 1 1-2.2 0 1.1 1.1 0 0 1 2.2 0zM7.6 7.9v6M7.6 7.9c.2 2.5 1.5 3.7 3.7 3.7",
	"okta":      circle + "M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0z",
	"auth0":     circle + "M12.7 10c0 2.1-1.1 3.7-2.7 3.7S7.3 12.1 7.3 10 8.4 6.3 10 6.3s2.7 1.6 2.7 3.7zM8.3 12.6l3.4-5.2",
	"keycloak":  circle + "M9.2 10a1.9 1.9 0 1 1-3.8 0 1.9 1.9 0 0 1 3.8 0zM9.2 10h5.4v1.9M12.3 10v1.5",
	"cognito":   circle + "M5.9 8.7c1.4-1.2 2.7-1.2 4.1 0s2.7 1.2 4.1 0M5.9 11.9c1.4-1.2 2.7-1.2 4.1 0s2.7 1.2 4.1 0",
}

const circle = "M18 10a8 8 0 1 1-16 0 8 8 0 0 1 16 0z"

// personal are the providers at which people have an account of their own; the
// others that have a mark are run by employers.
var personal = map[string]bool{
	"google": true, "apple": true, "microsoft": true, "facebook": true, "amazon": true, "linkedin": true, "github": true, "gitlab": true,
}

// otherNames are further names of what has a mark.
var otherNames = map[string]struct {
	mark string
	kind Kind
}{
	"entra": {"microsoft", Corporate}, "entraid": {"microsoft", Corporate}, "microsoftentra": {"microsoft", Corporate},
	"microsoftentraid": {"microsoft", Corporate}, "azuread": {"microsoft", Corporate}, "googleworkspace": {"google", Corporate},
	"signinwithapple": {"apple", Social}, "loginwithamazon": {"amazon", Social}, "amazoncognito": {"cognito", Corporate}, "cognitopool": {"cognito", Corporate},
}

// Look finds the mark and the kind of a provider by the first of its names that
// is known: a preset, a type, the provider's own. Case, spaces and punctuation
// do not count, and a name is known as a whole or not at all: "Google" is,
// "Google Partners" is a company without a mark of its own.
func Look(names ...string) (mark string, kind Kind) {
	for _, name := range names {
		name = strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, name)
		if other, ok := otherNames[name]; ok {
			return other.mark, other.kind
		}
		switch _, drawn := marks[name]; {
		case personal[name]:
			return name, Social
		case drawn:
			return name, Corporate
		}
	}
	return "", Corporate
}
