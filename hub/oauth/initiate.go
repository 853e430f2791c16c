package oauth

import (
	"slices"
	"strings"
)

// ParamTarget is the parameter by which somebody else's page tells an app where to end after a sign-in that the page began (OpenID
// Connect Core §4).
const ParamTarget = "target_link_uri"

// initiateNames are the parameters that are added to an initiate_login_uri: those of OpenID Connect Core §4 (iss is refused in every
// redirect URI), and the hint for the hub.
var initiateNames = []string{"login_hint", ParamTarget, "identity_provider"}

// CheckInitiateLoginURI judges the address at which an app begins a sign-in that another page asked for (OpenID Connect Core §4,
// Dynamic Client Registration §2): CheckRedirectURI must take it, and it must be of the web. The error is invalid_client_metadata, its
// description says what to change.
func CheckInitiateLoginURI(uri string) error {
	if err := CheckRedirectURI(uri); err != nil {
		return Wrap(err, InvalidClientMetadata, "%s", strings.TrimPrefix(AsError(err).Description, refusedURI))
	}
	origin, query := webOrigin(uri)
	if origin == "" {
		return Errorf(InvalidClientMetadata, "it must begin with https://, since any page may lead there")
	}
	names, _ := queryNames(query) // it decodes, or the URI would not have been taken
	for _, name := range initiateNames {
		if names[name] {
			return Errorf(InvalidClientMetadata, "its query has the name %s, which is added to it", name)
		}
	}
	return nil
}

// CheckTarget judges a target_link_uri by the addresses registered for its app: its scheme, host and port must be those of one of
// them, so that a link under our name does not end where the app does not live. The error is invalid_request.
func CheckTarget(target string, registered []string) error {
	if err := CheckRedirectURI(target); err != nil {
		return Wrap(err, InvalidRequest, "%s", strings.TrimPrefix(AsError(err).Description, refusedURI))
	}
	origin, _ := webOrigin(target)
	if origin == "" || !slices.ContainsFunc(registered, func(r string) bool { o, _ := webOrigin(r); return o == origin }) {
		return Errorf(InvalidRequest, "its scheme, host and port are not those of an address of the client")
	}
	return nil
}
