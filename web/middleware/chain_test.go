package middleware

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestChainRunsOutsideIn(t *testing.T) {
	say := func(word string) Middleware {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, word+"<")
				next.ServeHTTP(w, r)
				_, _ = io.WriteString(w, ">"+word)
			})
		}
	}
	w := httptest.NewRecorder()
	Chain(say("a"), Chain(), say("b"))(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "h")
	})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if got := w.Body.String(); got != "a<b<h>b>a" {
		t.Errorf("order %q", got)
	}
}
