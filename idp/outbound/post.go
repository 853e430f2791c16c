package outbound

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// MaxReply is how many bytes of the answer to a posted form are read.
const MaxReply = 64 << 10

// Poster sends forms by a client of New: to an application that is told something
// and whose answer is of no use beyond its status. The body it returns is cut at
// MaxReply; an answer that cannot be read to there still has its status. How long
// it may take is for the context to say.
func Poster(client *http.Client) func(ctx context.Context, uri string, form url.Values) (status int, body []byte, err error) {
	return func(ctx context.Context, uri string, form url.Values) (int, []byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, uri, strings.NewReader(form.Encode()))
		if err != nil {
			return 0, nil, err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := client.Do(r)
		if err != nil {
			if e := (*url.Error)(nil); errors.As(err, &e) {
				err = e.Err // the address is the caller's to tell
			}
			return 0, nil, err
		}
		body, err := ReadAll(res, MaxReply)
		if err != nil {
			body = nil // what was said does not matter, that it was answered does
		}
		return res.StatusCode, body, nil
	}
}
