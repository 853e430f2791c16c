package middleware

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func TestA202_RateByNetwork(t *testing.T) {
	now := newClock()
	h := Rate(NewLimiter[netip.Addr](Pace{Every: 1500 * time.Millisecond, Burst: 2}, 100, now.now), nil)(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	from := func(addr string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = addr
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, network := range [][3]string{
		{"192.0.2.1:1", "192.0.2.1:2", "[::ffff:192.0.2.1]:3"},
		{"[2001:db8:0:1::1]:1", "[2001:db8:0:1::2]:1", "[2001:db8:0:1:ffff::]:1"},
		{"@", "@", "unix"},
	} {
		for i, addr := range network {
			w := from(addr)
			if (w.Code == http.StatusOK) != (i < 2) {
				t.Errorf("%s: %d", addr, w.Code)
			}
			if i == 2 && (w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "2") {
				t.Errorf("%s: %d, Retry-After %q", addr, w.Code, w.Header().Get("Retry-After"))
			}
		}
	}
	if w := from("192.0.2.2:1"); w.Code != http.StatusOK {
		t.Errorf("a neighbour by IPv4: %d", w.Code)
	}
	if w := from("[2001:db8:0:2::1]:1"); w.Code != http.StatusOK {
		t.Errorf("a neighbour by IPv6: %d", w.Code)
	}
	now.t = now.t.Add(2 * time.Second)
	if w := from("192.0.2.1:1"); w.Code != http.StatusOK {
		t.Errorf("after Retry-After: %d", w.Code)
	}
}
