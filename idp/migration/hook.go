package migration

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// HookConfig is an HTTP hook. Timeout zero is DefaultTimeout.
type HookConfig struct {
	URL     string
	Secret  string // sent as a bearer token (RFC 6750 §2.1)
	Timeout time.Duration
}

// hook asks by
//
//	POST URL
//	Authorization: Bearer SECRET
//	{"username": …, "password": …, "client_id": …, "pool": …}
//
// and takes 200 with {"attributes": {…}, "email_verified": …,
// "phone_number_verified": …, "username": …, "subject": …} as yes, 401 and 404 as
// no. Only attributes must be there; username is for systems that know people by
// other names too.
type hook struct {
	caller
	config HookConfig
}

// NewHook makes a system that is asked by HTTP.
func NewHook(c HookConfig, client *http.Client) System {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	return &hook{caller{"the hook at " + host(c.URL), client, c.Timeout}, c}
}

// Ask implements System.
func (h *hook) Ask(ctx context.Context, q Question) (*Person, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	body, err := json.Marshal(map[string]string{"username": q.Username, "password": q.Password, "client_id": q.ClientID, "pool": q.Pool})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.config.URL, bytes.NewReader(body))
	if err != nil {
		return nil, h.fail(Refused, "its address cannot be asked")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+h.config.Secret)
	status, answer, err := h.call(r)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusUnauthorized, status == http.StatusNotFound:
		return nil, ErrWrong
	case status == http.StatusForbidden:
		return nil, h.fail(Refused, "it answers 403; does it know the hub's secret?")
	case status != http.StatusOK:
		return nil, h.fail(Unexpected, "it answers %d, and neither 200, 401 nor 404", status)
	}
	return h.person(answer)
}

func (h *hook) person(answer []byte) (*Person, error) {
	var members map[string]any
	if err := strictjson.Decode(answer, &members); err != nil {
		return nil, h.fail(Misread, "%v", err)
	}
	attributes, ok := members["attributes"].(map[string]any)
	if !ok {
		return nil, h.fail(Misread, `a 200 has an object "attributes", be it empty`)
	}
	if len(attributes) > maxAttributes {
		return nil, h.fail(Misread, "%d attributes; at most %d", len(attributes), maxAttributes)
	}
	person := &Person{Attributes: map[string]string{}}
	for _, flag := range []string{"email_verified", "phone_number_verified"} {
		if value, there := members[flag]; there {
			attributes[flag] = value
		}
	}
	for name, value := range attributes {
		switch v := value.(type) {
		case nil:
		case string:
			person.Attributes[name] = v
		case json.Number:
			person.Attributes[name] = v.String()
		case bool:
			person.Attributes[name] = map[bool]string{true: "true", false: "false"}[v]
		default:
			return nil, h.fail(Misread, "an attribute is neither text, number nor boolean")
		}
	}
	for member, value := range map[string]*string{"subject": &person.Subject, "username": &person.Username} {
		if text, there := members[member]; there {
			if *value, ok = text.(string); !ok {
				return nil, h.fail(Misread, "%q is not text", member)
			}
		}
	}
	return person, nil
}
