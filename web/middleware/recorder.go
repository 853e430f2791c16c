package middleware

import "net/http"

// recorder is a ResponseWriter that remembers status and bytes. Log, Metrics
// and Recover share one per request. Flush and the rest of a writer's optional
// methods are reached through http.ResponseController, by Unwrap.
type recorder struct {
	http.ResponseWriter
	status int   // 0 until the header is written
	bytes  int64 // of the body
}

// record returns the request's recorder: w itself when a middleware outside
// already put one there.
func record(w http.ResponseWriter) *recorder {
	if rec, ok := w.(*recorder); ok {
		return rec
	}
	return &recorder{ResponseWriter: w}
}

func (rec *recorder) WriteHeader(status int) {
	// 1xx answers come before the one that counts (RFC 9110 §15.2).
	if rec.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) Write(p []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(p)
	rec.bytes += int64(n)
	return n, err
}

// Unwrap serves http.ResponseController.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// outcome is the status for the log: net/http sends 200 for a handler that
// wrote nothing.
func (rec *recorder) outcome() int {
	if rec.status == 0 {
		return http.StatusOK
	}
	return rec.status
}
