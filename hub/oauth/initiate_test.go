package oauth_test

import (
	"testing"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

func TestCheckInitiateLoginURI(t *testing.T) {
	for uri, want := range map[string]bool{
		"https://app.example/start":                   true,
		"https://app.example":                         true,
		"https://app.example/start?tenant=1":          true,
		"http://localhost:3000/start":                 true,
		"":                                            false,
		"http://app.example/start":                    false,
		"com.example.app:/start":                      false,
		"myapp://start":                               false,
		"javascript:alert(1)":                         false,
		"data:text/html,x":                            false,
		"//app.example/start":                         false,
		"/start":                                      false,
		"https://user@app.example/start":              false,
		"https://app.example/start#x":                 false,
		"https://app.example/*":                       false,
		"https://app.example/a/../start":              false,
		"https://app.example/start?iss=x":             false,
		"https://app.example/start?login_hint=x":      false,
		"https://app.example/start?target_link_uri=x": false,
		"https://app.example/?identity_provider=x":    false,
		`https://app.example/"><script>`:              false,
		"https://app.example/start\nx":                false,
	} {
		err := oauth.CheckInitiateLoginURI(uri)
		if (err == nil) != want || err != nil && codeOf(t, err) != oauth.InvalidClientMetadata {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// A69: a sign-in that another page begins ends where the app lives, or not at all.
func TestA69_TargetLinkURI(t *testing.T) {
	registered := []string{"https://app.example/start", "https://app.example:8443/cb", "com.example.app:/cb"}
	for target, want := range map[string]bool{
		"https://app.example/reports?year=2026":  true,
		"https://app.example:443/":               true,
		"https://app.example:8443/x":             true,
		"https://evil.example/":                  false,
		"https://app.example.evil.example/":      false,
		"https://app.example@evil.example/":      false,
		"https://app.example:9443/":              false,
		"http://app.example/":                    false,
		"//evil.example/":                        false,
		`https://app.example\@evil.example/`:     false,
		"/reports":                               false,
		"com.example.app:/cb":                    false,
		"javascript:alert(1)//app.example":       false,
		"":                                       false,
		"https://app.example/#//evil.example":    false,
		"https://app.example/%2e%2e/x":           false,
		"https://app.example/\r\nlocation:evil/": false,
	} {
		err := oauth.CheckTarget(target, registered)
		if (err == nil) != want || err != nil && codeOf(t, err) != oauth.InvalidRequest {
			t.Errorf("%q: %v", target, err)
		}
	}
}
