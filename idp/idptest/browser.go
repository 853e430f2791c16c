package idptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Approve plays the person's browser: it opens an authorization URL of the provider and returns the parameters of the
// authorization response, which it does not deliver. It works for approval at once and response mode query.
func (p *Provider) Approve(authorizationURL string) (url.Values, error) {
	client := http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	res, err := client.Get(authorizationURL)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	to, err := res.Location()
	if err != nil {
		return nil, fmt.Errorf("authorization answered with status %d and no redirect", res.StatusCode)
	}
	return to.Query(), nil
}

// firstMember is the text of an object's first member.
func firstMember(object string) (string, bool) {
	name, value, err := splitMember([]byte(object))
	if err != nil {
		return "", false
	}
	return fmt.Sprintf("%q:%s", name, value), true
}

func splitMember(object []byte) (string, json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return "", nil, errors.New("not an object")
	}
	name, err := d.Token()
	if err != nil {
		return "", nil, err
	}
	text, ok := name.(string)
	if !ok {
		return "", nil, errors.New("empty object")
	}
	var value json.RawMessage
	err = d.Decode(&value)
	return text, value, err
}
