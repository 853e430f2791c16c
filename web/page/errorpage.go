package page

import (
	"net/http"
	"strconv"
)

// Error is the page for a request that no other page answers.
type Error struct {
	Base
	Status    int    // HTTP status; ones without a text of their own read as 500 or 400
	RequestID string // shown for the help desk; may be empty
}

type errorView struct {
	Frame
	Title, Text []Span
	RequestID   string
}

func (p *Error) view(l *locale, f Frame) (string, any) {
	status := p.Status
	switch status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, http.StatusServiceUnavailable:
	default:
		status = http.StatusInternalServerError
		if p.Status >= 400 && p.Status < 500 {
			status = http.StatusBadRequest
		}
	}
	key := "error." + strconv.Itoa(status)
	return "error", &errorView{Frame: f, Title: l.sentence(key + ".title"), Text: l.sentence(key + ".text"), RequestID: p.RequestID}
}
