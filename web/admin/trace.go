package admin

import (
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/signin"
)

// Trace is the explanation of a sign-in that stopped, with what else stopped in
// the same way.
type Trace struct {
	hub.Trace
	Alike signin.Alike `json:"alike"`
}

// Traces is one page of a pool's stopped sign-ins, the newest first.
type Traces struct {
	Traces []hub.Trace `json:"traces"`
	Next   string      `json:"next,omitempty"`
}

func getTrace(a *api, q *request) (any, error) {
	id, ok := hub.ParseTraceID(q.names["trace"])
	if !ok {
		return nil, invalid("id", "An id has eight letters and digits, such as K7QF-2M9X.")
	}
	t, err := a.SignIn.Trace(q.Context(), q.pool, id)
	if err != nil {
		return nil, err
	}
	alike, err := a.SignIn.Alike(q.Context(), q.pool, t)
	if err != nil {
		return nil, err
	}
	return &Trace{Trace: *t, Alike: alike}, nil
}

func listTraces(a *api, q *request) (any, error) {
	values, err := q.query("client", "provider", "reason", "after", "limit")
	if err != nil {
		return nil, err
	}
	n, err := limit(values["limit"])
	if err != nil {
		return nil, err
	}
	filter := signin.TraceFilter{Client: values["client"], Provider: values["provider"], Reason: signin.Reason(values["reason"])}
	list := "traces/" + filter.Client + "/" + filter.Provider + "/" + string(filter.Reason)
	after, err := q.open(list, values["after"])
	if err != nil {
		return nil, err
	}
	traces, next, err := a.SignIn.Traces(q.Context(), q.pool, filter, after, n)
	if err != nil {
		return nil, err
	}
	page := Traces{Traces: []hub.Trace{}, Next: q.seal(list, next)}
	for _, t := range traces {
		page.Traces = append(page.Traces, *t)
	}
	return &page, nil
}
