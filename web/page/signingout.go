package page

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// SigningOut tells apps through the browser that the person is out: each is
// opened in a frame nobody sees (OpenID Connect Front-Channel Logout 1.0 §2).
// The page goes on by itself when all have loaded, and after Wait at the
// latest; without script it goes on when Wait is over and the frames are done.
// A frame that loaded proves nothing about the app: the page says "asked".
//
// The handler allows the origins of the frames in frame-src of the
// Content-Security-Policy. The hub's own origin must not be among them: a frame
// of the page's own origin could take its sandbox off.
type SigningOut struct {
	Base
	Frames []LogoutFrame
	// Next is where it goes on: a path on the hub, or an http or https address.
	// Any other is not shown, and the page stays.
	Next string
	// Wait is how long the apps have at most, in whole seconds; at least one.
	Wait   time.Duration
	Client string // the app the person comes back to; may be empty
}

// LogoutFrame is one app told through the browser.
type LogoutFrame struct {
	Name string // of the app
	// URL is its frontchannel_logout_uri with iss and sid; left out if it is
	// neither http nor https.
	URL string
}

type signingOutView struct {
	Frame
	Frames       []LogoutFrame
	Next, Client string
	Wait         string // seconds
}

func (p *SigningOut) view(_ *locale, f Frame) (string, any) {
	v := &signingOutView{Frame: f, Client: p.Client, Wait: strconv.Itoa(max(1, int(math.Ceil(p.Wait.Seconds()))))}
	for _, frame := range p.Frames {
		if isWeb(frame.URL) {
			v.Frames = append(v.Frames, frame)
		}
	}
	if isWeb(p.Next) || isPath(p.Next) {
		v.Next = p.Next
	}
	return "signingout", v
}

// isWeb tells whether link is a whole http or https address.
func isWeb(link string) bool {
	return link != "" && checkLink(link) == nil && !strings.HasPrefix(strings.ToLower(link), "mailto:")
}

// isPath tells whether link is a path on the hub. "//host" and "/\host" are none:
// browsers take them for another site (URL Standard §4.4).
func isPath(link string) bool {
	return strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "//") &&
		!strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f })
}
