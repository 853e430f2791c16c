package oauth_test

import (
	"testing"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

func BenchmarkParseAuthorization(b *testing.B) {
	v := good()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := oauth.ParseAuthorization(v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyPKCE(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := oauth.VerifyPKCE(challenge, verifier); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseClientCredentials(b *testing.B) {
	header := basic("app:s3cret")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := oauth.ParseClientCredentials(header, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}
