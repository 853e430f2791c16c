package config

import (
	"slices"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// logout checks where the client hears that a session has ended. Its server is called by the hub, as a provider is; its
// front-channel address is opened by browsers that came from its callback URLs.
func (r *reader) logout(cfg *Config, c *Client, path string) {
	back, front := path+".backchannel_logout_uri", path+".frontchannel_logout_uri"
	if !c.signsIn() {
		for _, at := range []string{back, front} {
			if r.has(at) {
				r.problem(at, "nobody signs in in this flow", "remove it: there is no session that could end")
			}
		}
		return
	}
	if r.has(back) {
		r.upstream(cfg, r.web(c.BackchannelLogoutURI, back), c.BackchannelLogoutURI, back)
	}
	switch called := len(c.CallbackURLs) > 0; {
	case !r.has(front):
	case !slices.Contains(c.Flows, flowCode):
		r.problem(front, "no browser comes from a device", "remove it; backchannel_logout_uri tells the server of a device's app")
	case called && r.web(c.FrontchannelLogoutURI, front) != nil: // else there is nothing to compare with
		if err := oauth.CheckFrontchannelLogoutURI(c.FrontchannelLogoutURI, c.CallbackURLs); err != nil {
			r.problem(front, quote(c.FrontchannelLogoutURI)+" cannot be a front-channel logout URI", refusal(err))
		}
	}
}
