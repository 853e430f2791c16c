package middleware

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func internalError(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, "our fault, "+EventFrom(r.Context()).ID())
}

func TestA195_PanicIsA500(t *testing.T) {
	h := Recover(internalError)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "https://app.example/cb?code=half-made")
		w.Header().Set("Set-Cookie", "half=made")
		var none []string
		w.Header().Set("X", none[len(r.URL.Path)])
	}))
	line, w := logged(t, httptest.NewRequest(http.MethodGet, "/", nil), h)
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), line["id"].(string)) {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if w.Header().Get("Location") != "" || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("headers of the answer that never came: %v", w.Header())
	}
	if line["level"] != "ERROR" || line["panic"] != "runtime error: index out of range [1] with length 0" {
		t.Errorf("%v", line)
	}
	if stack, _ := line["stack"].(string); !strings.Contains(stack, "recover_test.go") {
		t.Errorf("stack %q", stack)
	}
}

func TestA195_ServerOutlivesPanics(t *testing.T) {
	server := httptest.NewServer(Recover(internalError)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/early":
			panic("before the answer")
		case "/late":
			_, _ = io.WriteString(w, "half an answer")
			_ = http.NewResponseController(w).Flush()
			panic("in the answer")
		}
		_, _ = io.WriteString(w, "well")
	})))
	defer server.Close()
	get := func(path string) (int, string, error) {
		res, err := server.Client().Get(server.URL + path)
		if err != nil {
			return 0, "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return res.StatusCode, string(body), err
	}
	if status, _, err := get("/early"); status != http.StatusInternalServerError || err != nil {
		t.Errorf("early: %d, %v", status, err)
	}
	if _, body, err := get("/late"); err == nil {
		t.Errorf("late: %q looks like a whole answer", body)
	}
	if status, body, err := get("/"); status != http.StatusOK || body != "well" || err != nil {
		t.Errorf("afterwards: %d %q, %v", status, body, err)
	}
}
