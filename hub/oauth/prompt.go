package oauth

import "strings"

// Prompt is the set of prompt values of an authorization request (OpenID Connect Core §3.1.2.1). As text and in JSON it is the
// space-separated list. The zero value is the absent parameter.
type Prompt uint8

// The prompt values. PromptCreate is of "Initiating User Registration via OpenID Connect" 1.0: show the sign-up page.
const (
	PromptNone Prompt = 1 << iota
	PromptLogin
	PromptConsent
	PromptSelectAccount
	PromptCreate
)

var promptNames = []string{"none", "login", "consent", "select_account", "create"}

// ParsePrompt reads a space-separated list. An unknown value and "none" beside another are invalid_request.
func ParsePrompt(text string) (Prompt, error) {
	var p Prompt
next:
	for value := range strings.SplitSeq(text, " ") {
		if value == "" {
			continue
		}
		for i, name := range promptNames {
			if value == name {
				p |= 1 << i
				continue next
			}
		}
		return 0, Errorf(InvalidRequest, "prompt has the unknown value %s", value)
	}
	if p.Has(PromptNone) && p != PromptNone {
		return 0, Errorf(InvalidRequest, "prompt none can not be combined with another value")
	}
	return p, nil
}

// Has reports whether every value of other is in the set.
func (p Prompt) Has(other Prompt) bool { return p&other == other }

// String is the space-separated list, in the order of the constants.
func (p Prompt) String() string {
	var values []string
	for i, name := range promptNames {
		if p.Has(1 << i) {
			values = append(values, name)
		}
	}
	return strings.Join(values, " ")
}

// MarshalText writes the space-separated list.
func (p Prompt) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what ParsePrompt reads.
func (p *Prompt) UnmarshalText(text []byte) error {
	parsed, err := ParsePrompt(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}
