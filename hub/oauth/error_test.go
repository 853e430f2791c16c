package oauth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

func TestErrorHTTPStatus(t *testing.T) {
	for code, want := range map[oauth.Code]int{
		oauth.InvalidRequest: 400, oauth.InvalidGrant: 400, oauth.UnsupportedGrantType: 400, oauth.InvalidScope: 400, oauth.AccessDenied: 400,
		oauth.UnauthorizedClient: 400, oauth.UnsupportedTokenType: 400, oauth.InvalidTarget: 400, oauth.SlowDown: 400,
		oauth.InvalidRedirectURI: 400, oauth.InvalidClient: 401, oauth.InvalidToken: 401, oauth.InsufficientUserAuthentication: 401,
		oauth.InsufficientScope: 403, oauth.ServerError: 500, oauth.TemporarilyUnavailable: 503, "": 400, "made_up": 400,
	} {
		if got := oauth.Errorf(code, "x").HTTPStatus(); got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
}

func TestErrorKeepsItsCauseToItself(t *testing.T) {
	e := oauth.Wrap(io.ErrUnexpectedEOF, oauth.InvalidGrant, "the code is %s", "used")
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"error":"invalid_grant","error_description":"the code is used"}`; string(text) != want {
		t.Errorf("goes out as %s, want %s", text, want)
	}
	if want := "invalid_grant: the code is used: unexpected EOF"; e.Error() != want {
		t.Errorf("logged as %q, want %q", e.Error(), want)
	}
	if !errors.Is(e, io.ErrUnexpectedEOF) {
		t.Error("the cause can not be found")
	}
	if text, _ = json.Marshal(oauth.Internal(io.EOF)); string(text) != `{"error":"server_error"}` {
		t.Errorf("an internal error goes out as %s", text)
	}
}

func TestAsError(t *testing.T) {
	e := oauth.Errorf(oauth.InvalidScope, "x")
	if got := oauth.AsError(fmt.Errorf("redeem: %w", e)); got != e {
		t.Errorf("wrapped: %v, want the same error", got)
	}
	if got := oauth.AsError(io.EOF); got.Code != oauth.ServerError || !errors.Is(got, io.EOF) {
		t.Errorf("foreign: %v, want server_error around it", got)
	}
	if got := oauth.AsError(nil); got != nil {
		t.Errorf("nil: %v", got)
	}
}

// Whatever a client wrote into a value that is quoted back, the description stays NQSCHAR, which no header, query or JSON misreads.
func FuzzErrorDescription(f *testing.F) {
	f.Add("a\"b\\c\r\nSet-Cookie: x=1")
	f.Add("\u202e\xff\x00<script>")
	f.Fuzz(func(t *testing.T, s string) {
		for _, e := range []*oauth.Error{oauth.Errorf(oauth.InvalidRequest, "%s", s), {Code: oauth.InvalidRequest, Description: s}} {
			challenge := oauth.BearerChallenge("pool", e, nil)
			if strings.ContainsFunc(challenge, func(r rune) bool { return r < 0x20 || r > 0x7e || r == '\\' }) || strings.Count(challenge, `"`)%2 != 0 {
				t.Errorf("%q makes the challenge %q", s, challenge)
			}
			text, err := json.Marshal(e)
			if err != nil || !json.Valid(text) {
				t.Errorf("%q makes %s, %v", s, text, err)
			}
		}
	})
}
