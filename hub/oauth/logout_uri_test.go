package oauth_test

import (
	"testing"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

func TestCheckFrontchannelLogoutURI(t *testing.T) {
	redirects := []string{"com.example.app:/cb", "https://app.example/cb", "https://app.example:8443/cb", "http://localhost:3000/cb", "https://[2001:db8::1]/cb", "%"}
	for uri, want := range map[string]bool{
		"https://app.example/out":             true,
		"https://app.example":                 true,
		"https://app.example:443/out?a=b":     true,
		"https://APP.example/out":             true,
		"https://app.example:8443/out":        true,
		"http://localhost:3000/out":           true,
		"https://[2001:db8::1]:443/out":       true,
		"":                                    false,
		"http://app.example/out":              false, // another scheme
		"https://app.example:9443/out":        false, // another port
		"https://localhost:3000/out":          false,
		"http://localhost/out":                false,
		"http://127.0.0.1:3000/out":           false, // another name for the host
		"https://www.app.example/out":         false,
		"https://app.example.evil.example/":   false,
		"https://app.example@evil.example/":   false,
		"https://evil.example/?https://app":   false,
		"https://app.example;frame-src%20*/":  false,
		"https://app.example/out#":            false,
		"https://app.example/*":               false,
		"https://app.example/out?sid=x":       false,
		"https://app.example/out?iss=x":       false,
		"https://app.example/out?a=%zz":       false,
		"com.example.app:/cb":                 false, // no browser loads it in a frame
		"com.example.app://app.example/out":   false,
		"javascript:alert(1)//app.example":    false,
		"//app.example/out":                   false,
		"https://app.example/out\nhttps://a/": false,
	} {
		err := oauth.CheckFrontchannelLogoutURI(uri, redirects)
		if (err == nil) != want || err != nil && codeOf(t, err) != oauth.InvalidClientMetadata {
			t.Errorf("%q: %v", uri, err)
		}
	}
	if oauth.CheckFrontchannelLogoutURI("https://app.example/out", nil) == nil {
		t.Error("a client that is called back nowhere has one")
	}
}
