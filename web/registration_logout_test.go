package web_test

import (
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
)

// Where an app hears of sign-outs is stored, answered back, changed and taken
// away (Back-Channel Logout §2.2, Front-Channel Logout §2).
func TestRegisteredLogout(t *testing.T) {
	const back, front = "https://notes.example:8443/out?by=hub", "https://Notes.example/frame"
	s := registrar(t)
	made := s.register(t, "redirect_uris", []string{"https://notes.example/cb"},
		"backchannel_logout_uri", back, "backchannel_logout_session_required", true,
		"frontchannel_logout_uri", front, "frontchannel_logout_session_required", true)
	loaded, err := hub.OpenRegistrations(t.Context(), s.Pool.Space)
	if err != nil {
		t.Fatal(err)
	}
	for what, m := range map[string]hub.ClientMetadata{
		"answer": made.ClientMetadata, "look": s.ask(t, "GET", made.URI, made.Token, nil).ClientMetadata, "store": loaded.Find(made.ID).Metadata,
	} {
		if m.BackchannelLogoutURI != back || !m.BackchannelSession || m.FrontchannelLogoutURI != front || !m.FrontchannelSession {
			t.Errorf("%s: %+v", what, m)
		}
	}
	if c, _ := s.Pool.Client(made.ID); c.BackchannelLogoutURI != back || c.FrontchannelLogoutURI != front || c.KeepsRefresh {
		t.Errorf("the client is %+v", c)
	}
	got := s.ask(t, "PUT", made.URI, made.Token, app("client_id", made.ID, "redirect_uris", []string{"https://other.example/cb"}, "frontchannel_logout_uri", front))
	if got.status != 400 || !strings.HasPrefix(got.Description, "frontchannel_logout_uri: ") {
		t.Errorf("a callback that leaves the frame behind: %d %s", got.status, got.text)
	}
	got = s.ask(t, "PUT", made.URI, made.Token, app("client_id", made.ID, "backchannel_logout_uri", "https://moved.example/out"))
	if got.status != 200 || got.BackchannelLogoutURI != "https://moved.example/out" || strings.Contains(got.text, "frontchannel") || strings.Contains(got.text, "session_required") {
		t.Errorf("change: %d %s", got.status, got.text)
	}
	if c, _ := s.Pool.Client(made.ID); c.BackchannelLogoutURI != "https://moved.example/out" || c.FrontchannelLogoutURI != "" {
		t.Errorf("the client is %+v", c)
	}
}
