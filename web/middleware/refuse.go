package middleware

import (
	"io"
	"net/http"
	"strconv"
)

// Refuse writes the answer to a request that a middleware turned away: a page
// on page routes, an OAuth or API error in JSON on machine routes. Headers that
// belong to the refusal (Retry-After, Accept-Encoding) are set before the call.
// Reason is a whole sentence in plain words that quotes nothing of the request.
type Refuse func(w http.ResponseWriter, r *http.Request, status int, reason string)

// RefuseText is the plainest Refuse: the reason as text. Middlewares use it
// when they are given nil.
func RefuseText(w http.ResponseWriter, _ *http.Request, status int, reason string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(reason)+1))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, reason+"\n") // the client may have gone; nobody is left to tell
}

// send gives a request its refusal and notes the short word for it in the
// request's event, so that the log tells one cause of a 400 from another.
func (refuse Refuse) send(w http.ResponseWriter, r *http.Request, status int, word, reason string) {
	EventFrom(r.Context()).Set("refused", word)
	if refuse == nil {
		refuse = RefuseText
	}
	refuse(w, r, status, reason)
}
