package login

import (
	"errors"
	"net/http"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/middleware"
	"github.com/isthmus-hub/isthmus/web/page"
)

// reasons are the sentences of the page for what stopped a sign-in.
var reasons = map[signin.Reason]page.Reason{
	signin.UnknownClient:       page.RequestRefused,
	signin.RedirectMismatch:    page.RequestRefused,
	signin.InvalidRequest:      page.RequestRefused,
	signin.Expired:             page.Expired,
	signin.Used:                page.Expired,
	signin.OtherBrowser:        page.OtherBrowser,
	signin.ProviderOff:         page.NotAllowed,
	signin.Cancelled:           page.Cancelled,
	signin.ProviderRefused:     page.ProviderRefused,
	signin.ProviderUnreachable: page.ProviderSilent,
	signin.ProviderLate:        page.ProviderSilent,
	signin.ProviderWrong:       page.ProviderWrong,
	signin.AttributesRequired:  page.AttributeRefused,
	signin.CreationOff:         page.CreationOff,
	signin.NameTaken:           page.NameTaken,
	signin.UserDisabled:        page.AccountDisabled,
	signin.NotProven:           page.NotProven,
	signin.LinkTaken:           page.LinkTaken,
	signin.LinkLimit:           page.LinkLimit,
	signin.AnotherPerson:       page.NotAllowed,
	signin.StrengthUnmet:       page.NotAllowed,
	signin.Locked:              page.TooManyAttempts,
	signin.Overloaded:          page.Unavailable,
	signin.Internal:            page.Unavailable,
}

// status is the HTTP status of the page for a reason: a provider's fault is a
// gateway's (security.md R3), a person's state is 403, the rest a bad request.
func status(r signin.Reason) int {
	switch r {
	case signin.ProviderRefused, signin.ProviderUnreachable, signin.ProviderWrong:
		return http.StatusBadGateway
	case signin.ProviderLate:
		return http.StatusGatewayTimeout
	case signin.Overloaded:
		return http.StatusServiceUnavailable
	case signin.Locked:
		return http.StatusTooManyRequests
	case signin.CreationOff, signin.NameTaken, signin.UserDisabled, signin.ProviderOff:
		return http.StatusForbidden
	case signin.LinkTaken, signin.LinkLimit, signin.NotProven:
		return http.StatusConflict
	case signin.Internal:
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}

// fail shows a person what stopped the sign-in and what to do, with the code
// for the help desk; the cause goes to the log.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	event := middleware.EventFrom(r.Context())
	event.Set("error", err.Error())
	var stopped *signin.Error
	code, p, target := http.StatusInternalServerError, page.Page(nil), ""
	switch e := (*oauth.Error)(nil); {
	case errors.As(err, &stopped):
		event.Set("trace", stopped.Trace)
		code, p, target = status(stopped.Reason), s.stopped(r, stopped), stopped.Target.URI()
	case errors.As(err, &e):
		code, p = e.HTTPStatus(), s.refused(r, e.Description)
	case errors.Is(err, errTooLarge):
		code, p = http.StatusBadRequest, s.refused(r, err.Error())
	default:
		p = &page.Error{Base: s.base(r, nil, nil), Status: code, RequestID: event.ID()}
	}
	if code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	if err := s.render(w, code, p, target); err != nil {
		event.Set("render", err.Error())
		http.Error(w, "This page could not be shown.", http.StatusInternalServerError)
	}
}

// refused is the page for a request that could not even be read.
func (s *Site) refused(r *http.Request, why string) *page.Stopped {
	return &page.Stopped{Base: s.base(r, nil, nil), Reason: page.RequestRefused, Mismatches: []page.Mismatch{{Name: "request", Received: why}}}
}

func (s *Site) stopped(r *http.Request, e *signin.Error) *page.Stopped {
	p := &page.Stopped{Base: s.base(r, e.Client, nil), Reason: reasons[e.Reason], Code: e.Trace}
	if e.Client != nil && e.Client.Name != "" && e.Target != (signin.Target{}) {
		p.Client = e.Client.Name
	}
	if e.Retry != nil {
		p.Retry = s.under("/oauth2/authorize") + "?" + e.Retry.Encode()
	}
	p.Wait = e.Wait
	switch e.Reason {
	case signin.Cancelled:
		if tx := e.Retry.Get(signin.ParamInteraction); tx != "" {
			p.Leave, p.Tx = s.under("/login"), tx
		}
	case signin.UnknownClient:
		p.Mismatches = []page.Mismatch{{Name: "client_id", Received: e.Received}}
	case signin.RedirectMismatch:
		p.Mismatches = []page.Mismatch{{Name: "redirect_uri", Received: e.Received, Registered: e.Client.CallbackURLs}}
	case signin.InvalidRequest:
		p.Mismatches = []page.Mismatch{{Name: "request", Received: e.Received}}
	}
	return p
}

// status is a page that says no more than its status does.
func (s *Site) status(w http.ResponseWriter, r *http.Request, status int) error {
	return s.render(w, status, &page.Error{Base: s.base(r, nil, nil), Status: status}, "")
}

// Explain is the page that error_uri of an authorization response leads to: the
// sentence and the code of a sign-in that stopped, and nothing else about it.
func Explain(s *Site, w http.ResponseWriter, r *http.Request) error {
	id, ok := hub.ParseTraceID(r.URL.Query().Get("id"))
	if !ok {
		return s.status(w, r, http.StatusNotFound)
	}
	trace, err := s.signin.Trace(r.Context(), s.pool, id)
	if errors.Is(err, signin.ErrNoTrace) {
		return s.status(w, r, http.StatusNotFound)
	}
	if err != nil {
		return err
	}
	client, _ := s.pool.Client(trace.Client)
	p := &page.Stopped{
		Base: s.base(r, client, nil), Reason: reasons[signin.Reason(trace.Reason)], Code: trace.ID,
	}
	if len(trace.Missing) > 0 {
		p.Attribute = trace.Missing[0]
	}
	return s.render(w, http.StatusOK, p, "")
}
