package register

import (
	"slices"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// logout reads where the app hears that a session has ended (Back-Channel
// Logout §2.2, Front-Channel Logout §2). Both are https; the first is called by
// the hub, where the guard of calls out lets it, the second is for browsers and
// at the origin of a redirect URI. Whether iss and sid are asked for is kept as
// it was said: they are always sent.
func (d *document) logout(m *hub.ClientMetadata) {
	m.BackchannelLogoutURI, m.BackchannelSession = d.link("backchannel_logout_uri"), d.flag("backchannel_logout_session_required")
	m.FrontchannelLogoutURI, m.FrontchannelSession = d.link("frontchannel_logout_uri"), d.flag("frontchannel_logout_session_required")
	if m.FrontchannelLogoutURI == "" {
		return
	}
	if !slices.Contains(m.GrantTypes, oauth.GrantAuthorizationCode) {
		d.refuse("frontchannel_logout_uri", "no browser comes from a client without the grant authorization_code")
	}
	if err := oauth.CheckFrontchannelLogoutURI(m.FrontchannelLogoutURI, m.RedirectURIs); err != nil {
		d.refuse("frontchannel_logout_uri", "%s", oauth.AsError(err).Description)
	}
}
