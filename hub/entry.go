package hub

import "time"

// Entry is who came in, how and when: what a session remembers of a sign-in,
// and every code, grant and device answer that comes of it.
type Entry struct {
	Sub      string    `json:"sub"`
	Provider string    `json:"provider,omitempty"` // the way in; empty: the pool's own password
	Link     string    `json:"link,omitempty"`     // Link.Key of the identity used
	ACR      string    `json:"acr,omitempty"`      // strength of the authentication, in the provider's words
	AuthTime time.Time `json:"auth_time"`          // when the person authenticated, maybe upstream
	Began    time.Time `json:"began"`              // when the session began
}

// Dead says why an entry gives nothing any more; empty while it is live. Every
// way in which a session, a code or a token is used asks this one function: the
// person must be there, enabled and not signed out everywhere since, and the
// way in still open to the client.
func (e Entry) Dead(p *Pool, c *Client, u *User) string {
	if why := e.Over(u); why != "" || e.Provider == "" {
		return why
	}
	pr, ok := p.Provider(e.Provider)
	if !ok || !c.Uses(pr) {
		return "provider_off"
	}
	return ""
}

// Over is the part of Dead that is the same for every client.
func (e Entry) Over(u *User) string {
	switch {
	case u == nil:
		return "user_deleted"
	case u.Disabled:
		return "user_disabled"
	case !e.Began.After(u.SignedOut):
		return "signed_out"
	case e.Provider != "":
		if _, ok := u.Link(e.Link); !ok {
			return "unlinked"
		}
	}
	return ""
}
