package outbound

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// Limits for bodies, in bytes, counted after decompression.
const (
	MaxBody     = 1 << 20   // token and userinfo answers, and the most the client hands out of any body
	MaxDocument = 512 << 10 // discovery documents and key sets
)

// TooLarge is the error of a body that goes on beyond its limit.
type TooLarge struct{ Limit int64 }

func (e *TooLarge) Error() string { return fmt.Sprintf("answer is larger than %d bytes", e.Limit) }

// ReadAll reads the response's body to its end and closes it. A body longer than limit gives a *TooLarge and no data;
// memory use stays in proportion to what was read.
func ReadAll(res *http.Response, limit int64) ([]byte, error) {
	defer res.Body.Close()
	var b bytes.Buffer
	if n := res.ContentLength; n > 0 && n <= limit {
		b.Grow(int(n) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(limited(res.Body, limit)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// limited fails with *TooLarge once more than limit bytes were there to read.
func limited(body io.ReadCloser, limit int64) io.ReadCloser {
	return &limitedBody{body: body, left: limit, limit: limit}
}

type limitedBody struct {
	body        io.ReadCloser
	left, limit int64
}

func (l *limitedBody) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, &TooLarge{l.limit}
	}
	// One byte more than is left tells a body of just the limit from a longer one.
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.body.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return n - 1, &TooLarge{l.limit}
	}
	return n, err
}

func (l *limitedBody) Close() error { return l.body.Close() }
