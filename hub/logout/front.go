package logout

import (
	"context"
	"net/url"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// Frame is a client's front-channel logout URI as it is to be loaded.
type Frame struct {
	Client *hub.Client
	URL    string
}

// Frames are the front-channel logout URIs that the person's browser has still to
// load, with iss and sid (Front-Channel Logout §2).
func Frames(p *hub.Pool, l *hub.Logout) (frames []Frame) {
	for i := range l.Hops {
		h := &l.Hops[i]
		if h.Channel != hub.FrontChannel || h.Outcome != hub.Waiting {
			continue
		}
		c, ok := p.Client(h.ClientID)
		if !ok {
			continue
		}
		u, err := url.Parse(c.FrontchannelLogoutURI)
		if err != nil || u.Host == "" || oauth.SameOrigin(p.Issuer, c.FrontchannelLogoutURI) {
			continue // a frame of our own origin could take its sandbox off
		}
		q := u.Query()
		q.Set("iss", p.Issuer)
		q.Set("sid", hub.SID(l.ID, c.ID))
		u.RawQuery = q.Encode()
		frames = append(frames, Frame{c, u.String()})
	}
	return frames
}

// Framed records that the person's browser has shown the page with the frames.
// What came of them no browser tells: cookies may have been blocked (A134).
func (s *Service) Framed(ctx context.Context, p *hub.Pool, id string) (*hub.Logout, error) {
	return s.amend(ctx, p, id, func(l *hub.Logout, now time.Time) {
		for i := range l.Hops {
			if h := &l.Hops[i]; h.Channel == hub.FrontChannel && h.Outcome == hub.Waiting {
				h.Attempts = trim(append(h.Attempts, hub.Attempt{At: l.Begun, Took: max(now.Sub(l.Begun), 1)}))
				h.Settle(hub.Unknown, "the browser loaded it, and does not tell what came of it", now)
			}
		}
	})
}
