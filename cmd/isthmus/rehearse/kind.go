package rehearse

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is an end from which a session is ended.
type Kind string

// The kinds.
const (
	App           Kind = "app"            // an app: RP-Initiated Logout with id_token_hint
	AppCognito    Kind = "app-cognito"    // an app as Cognito has it: client_id and logout_uri
	Provider      Kind = "provider"       // the provider, by its logout token
	ProviderFront Kind = "provider-front" // the provider, through the person's browser
	Administrator Kind = "administrator"  // isthmus user signout
	Disabled      Kind = "disabled"       // isthmus user disable
	Deleted       Kind = "deleted"        // isthmus user delete
	Expired       Kind = "expired"        // the session's age, where the pool has logout.on_expiry
)

// Kinds lists them in the order in which they are rehearsed.
func Kinds() []Kind {
	return []Kind{App, AppCognito, Provider, ProviderFront, Administrator, Disabled, Deleted, Expired}
}

// ParseKind finds a kind by its word.
func ParseKind(word string) (Kind, error) {
	if slices.Contains(Kinds(), Kind(word)) {
		return Kind(word), nil
	}
	names := make([]string, len(Kinds()))
	for i, k := range Kinds() {
		names[i] = string(k)
	}
	return "", fmt.Errorf("there is no end %q; there are %s", word, strings.Join(names, ", "))
}

// browser tells whether the person's browser is there when the end comes by way
// of an app, so that it can be sent on.
func (k Kind) browser() bool { return k == App || k == AppCognito }

// title is what happens, of whom it is the doing.
func (k Kind) title(by string) string {
	switch k {
	case App:
		return by + " signs out (id_token_hint)"
	case AppCognito:
		return by + " signs out (logout_uri)"
	case Provider:
		return by + " sends a logout token"
	case ProviderFront:
		return by + " signs out in the browser"
	case Administrator:
		return "an administrator signs the user out"
	case Disabled:
		return "the user is disabled"
	case Deleted:
		return "the user is deleted"
	default:
		return "the session is old"
	}
}
