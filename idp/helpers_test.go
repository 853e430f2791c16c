package idp_test

import (
	"net/http"
	"testing"

	"github.com/isthmus-hub/isthmus/idp/outbound"
)

func testClient(t testing.TB) *http.Client {
	t.Helper()
	c, err := outbound.New(outbound.Policy{Allow: []string{"127.0.0.0/8"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}
