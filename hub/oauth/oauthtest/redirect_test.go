package oauthtest_test

import (
	"slices"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/oauth/oauthtest"
)

func TestRedirectVariants(t *testing.T) {
	for _, uri := range []string{
		"https://app.example/cb",
		"https://app.example:8443/a/b?x=1",
		"http://localhost:3000/cb",
		"http://[::1]:3000/cb",
		"https://app.example",
		"myapp://cb",
	} {
		variants := oauthtest.RedirectVariants(uri)
		if len(variants) < 300 {
			t.Errorf("%s: %d variants, want 300 or more", uri, len(variants))
		}
		seen := map[string]bool{}
		for _, v := range variants {
			if v == uri || seen[v] {
				t.Errorf("%s: variant %q is the URI itself or comes twice", uri, v)
			}
			seen[v] = true
		}
		if !slices.Equal(variants, oauthtest.RedirectVariants(uri)) {
			t.Errorf("%s: the variants differ from call to call", uri)
		}
	}
}
