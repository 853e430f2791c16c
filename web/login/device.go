package login

import (
	"net/http"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/page"
)

// Device is the page for the code that a device shows (RFC 8628 §3.3), with the
// code in the address or to be typed.
func Device(s *Site, w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	next, err := s.signin.Device(r.Context(), s.pool, s.browser(r), q.Get("user_code"), q.Get("identity_provider"))
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

// DeviceAnswer takes the person's word about a device.
func DeviceAnswer(s *Site, w http.ResponseWriter, r *http.Request) error {
	allow := r.PostFormValue(page.FieldChoice) == page.ChoiceContinue
	next, err := s.signin.AnswerDevice(r.Context(), s.pool, s.browser(r), r.PostFormValue(page.FieldUserCode), allow)
	if err != nil {
		return err
	}
	return s.show(w, r, next)
}

func (s *Site) askDevice(w http.ResponseWriter, r *http.Request, n signin.AskDevice) error {
	if n.Session != "" {
		if err := s.cookies.SetSession(w, n.Session, n.SessionLife); err != nil {
			return err
		}
	}
	p := &page.Device{
		Base: s.base(r, n.Client, nil), UserCode: n.UserCode, Address: n.Address, Action: s.under("/device"),
		Allowed: n.Answer == hub.DeviceAllowed, Denied: n.Answer == hub.DeviceDenied,
	}
	status := http.StatusOK
	if n.Wrong {
		p.Problem, status = page.WrongDeviceCode, http.StatusBadRequest
	}
	if n.Client != nil {
		p.Client = n.Client.Name
	}
	if n.User != nil {
		p.Account = account(n.User)
	}
	return s.render(w, status, p, "")
}
