package middleware

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// formEcho answers with the number of parameters it was given.
var formEcho = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	fmt.Fprint(w, len(r.Form))
})

func form(n int) string {
	var pairs []string
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("p%d=v", i))
	}
	return strings.Join(pairs, "&")
}

func TestA199_FormLimits(t *testing.T) {
	const ok = formType
	cases := []struct {
		what        string
		method      string
		target      string
		contentType []string
		encoding    []string
		body        string
		status      int
		answer      string
	}{
		{"form", "POST", "/", []string{ok}, nil, "a=1&b=2", 200, "2"},
		{"charset", "POST", "/", []string{ok + "; charset=UTF-8"}, nil, "a=1", 200, "1"},
		{"upper case", "POST", "/", []string{"Application/X-WWW-Form-Urlencoded"}, nil, "a=1", 200, ""},
		{"no body", "POST", "/", nil, nil, "", 200, "0"},
		{"get", "GET", "/?a=1", nil, nil, "", 200, "1"},
		{"get with type but no body", "GET", "/", []string{ok}, nil, "", 200, "0"},
		{"a hundred", "POST", "/", []string{ok}, nil, form(100), 200, "100"},
		{"a hundred and one", "POST", "/", []string{ok}, nil, form(101), 400, ""},
		{"a hundred and one in the query", "GET", "/?" + form(101), nil, nil, "", 400, ""},
		{"a hundred and one in both", "POST", "/?" + form(1), []string{ok}, nil, form(100), 400, ""},
		{"empty pairs", "POST", "/", []string{ok}, nil, strings.Repeat("&", 1000), 400, ""},
		{"64 KiB", "POST", "/", []string{ok}, nil, "a=" + strings.Repeat("x", 64<<10-2), 200, "1"},
		{"64 KiB and one", "POST", "/", []string{ok}, nil, "a=" + strings.Repeat("x", 64<<10-1), 413, ""},
		{"no type", "POST", "/", nil, nil, "a=1", 415, ""},
		{"json", "POST", "/", []string{"application/json"}, nil, "{}", 415, ""},
		{"multipart", "POST", "/", []string{"multipart/form-data; boundary=x"}, nil, "--x--", 415, ""},
		{"text", "POST", "/", []string{"text/plain"}, nil, "a=1", 415, ""},
		{"other charset", "POST", "/", []string{ok + "; charset=utf-7"}, nil, "a=1", 415, ""},
		{"other parameter", "POST", "/", []string{ok + "; boundary=x"}, nil, "a=1", 415, ""},
		{"two types", "POST", "/", []string{ok, "application/json"}, nil, "a=1", 415, ""},
		{"type with junk", "POST", "/", []string{ok + ", text/html"}, nil, "a=1", 415, ""},
		{"identity", "POST", "/", []string{ok}, []string{"identity"}, "a=1", 200, "1"},
		{"gzip", "POST", "/", []string{ok}, []string{"gzip"}, "a=1", 415, ""},
		{"identity and gzip", "POST", "/", []string{ok}, []string{"identity", "gzip"}, "a=1", 415, ""},
		{"identity, gzip", "POST", "/", []string{ok}, []string{"identity, gzip"}, "a=1", 415, ""},
		{"body on get", "GET", "/", []string{ok}, nil, "a=1", 400, ""},
		{"long target", "GET", "/?a=" + strings.Repeat("x", maxTarget), nil, nil, "", 414, ""},
	}
	h := Limit(FormLimits(), nil)(formEcho)
	for _, tc := range cases {
		for _, chunked := range []bool{false, true} {
			if chunked && tc.body == "" {
				continue
			}
			t.Run(fmt.Sprintf("%s/chunked=%v", tc.what, chunked), func(t *testing.T) {
				r := httptest.NewRequest(tc.method, tc.target, strings.NewReader(tc.body))
				if chunked {
					r.ContentLength = -1
				}
				r.Header["Content-Type"], r.Header["Content-Encoding"] = tc.contentType, tc.encoding
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != tc.status || tc.answer != "" && w.Body.String() != tc.answer {
					t.Errorf("%d %q, want %d %q", w.Code, w.Body, tc.status, tc.answer)
				}
			})
		}
	}
}

func TestA199_APILimits(t *testing.T) {
	h := Limit(APILimits("application/json", "application/x-amz-json-1.1"), nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		fmt.Fprint(w, len(body))
	}))
	for _, tc := range []struct {
		contentType string
		size        int
		length      int64
		status      int
	}{
		{"application/json", 10, 10, 200},
		{"application/x-amz-json-1.1", 10, 10, 200},
		{"application/json", 1 << 20, 1 << 20, 200},
		{"application/json", 1<<20 + 1, 1<<20 + 1, 413},
		{"application/json", 1<<20 + 1, -1, 413},
		{formType, 10, 10, 415},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", tc.size)))
		r.ContentLength = tc.length
		r.Header.Set("Content-Type", tc.contentType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tc.status {
			t.Errorf("%d bytes of %s: %d, want %d", tc.size, tc.contentType, w.Code, tc.status)
		}
	}
}

// TestA199_RawRequests sends, over a real connection, what clients of net/http
// would not.
func TestA199_RawRequests(t *testing.T) {
	server := httptest.NewServer(Limit(FormLimits(), nil)(formEcho))
	defer server.Close()
	for _, tc := range []struct{ what, request, status string }{
		{"declared too large", "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: " + formType + "\r\nContent-Length: 999999999\r\n\r\na=1", "413"},
		{"shorter than declared", "POST / HTTP/1.0\r\nHost: x\r\nContent-Type: " + formType + "\r\nContent-Length: 100\r\n\r\na=1", "400"},
		{"length and chunked", "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: " + formType + "\r\nContent-Length: 3\r\nTransfer-Encoding: chunked, identity\r\n\r\na=1", "501"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: " + formType + "\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\na=1", "400"},
	} {
		if got := rawStatus(t, server, tc.request); got != tc.status {
			t.Errorf("%s: %s, want %s", tc.what, got, tc.status)
		}
	}
}

func TestRefusalsAreNamed(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	var got string
	refuse := func(w http.ResponseWriter, _ *http.Request, status int, reason string) {
		got = reason
		w.WriteHeader(status)
	}
	line, w := logged(t, r, Limit(FormLimits(), refuse)(formEcho))
	if line["refused"] != "content_type" || line["status"] != 415.0 || !strings.Contains(got, formType) || w.Header().Get("Accept-Encoding") != "identity" {
		t.Errorf("%v, reason %q", line, got)
	}
}
