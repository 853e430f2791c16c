package admin

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// Bounds of a page.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// decode reads the request's body into v, a pointer to a struct. A field that v
// does not have, however it is spelled, is refused by its name (security row
// A165). No body at all leaves v as it is.
func (q *request) decode(v any) error {
	data, err := io.ReadAll(q.Body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return &Error{Status: http.StatusRequestEntityTooLarge, Code: "invalid_request", Message: "The body is larger than 1 MiB."}
	}
	if err != nil {
		return &Error{Status: http.StatusBadRequest, Code: "invalid_request", Message: "The body ended before its time."}
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	err = strict.Decode(v)
	if name, unknown := unknownField(err); unknown {
		return invalid(name, "The field %q is not one that this operation takes.", name)
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return invalid(wrong.Field, "The field %q cannot be a %s.", wrong.Field, wrong.Value)
	}
	// What the decoder is too kind about: two members of one name, other spellings
	// of a field, text after the end.
	if err := strictjson.Decode(data, v); err != nil {
		return &Error{Status: http.StatusBadRequest, Code: "invalid_request", Message: "The body is not one JSON object of this operation: " + err.Error() + "."}
	}
	return nil
}

// unknownField finds the name in the decoder's error, which is text only.
func unknownField(err error) (string, bool) {
	if err == nil {
		return "", false
	}
	quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field ")
	if !ok {
		return "", false
	}
	name, err := strconv.Unquote(quoted)
	return name, err == nil
}

// query reads the parameters of the query, each at most once, and refuses those
// that the operation does not take.
func (q *request) query(takes ...string) (map[string]string, error) {
	values := map[string]string{}
	for name, list := range q.URL.Query() {
		if !slices.Contains(takes, name) {
			return nil, invalid(name, "The parameter %q is not one that this operation takes.", name)
		}
		if len(list) > 1 {
			return nil, invalid(name, "The parameter %q is there twice.", name)
		}
		values[name] = list[0]
	}
	return values, nil
}

// limit reads how many entries a page may have.
func limit(text string) (int, error) {
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, invalid("limit", "limit is a number from 1 to %d.", maxLimit)
	}
	return n, nil
}

// flag reads a parameter that is true or false.
func flag(values map[string]string, name string) (bool, error) {
	switch values[name] {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, invalid(name, "%s is true or false.", name)
}

// A cursor is sealed and bound to the pool, the list and its filter: one of
// another list, or one made up, is refused and never reaches the store
// (security row A167).
func (q *request) seal(list, cursor string) string {
	if cursor == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(q.pool.Secrets.Cookie.Seal([]byte(cursor), []byte("admin cursor/"+list)))
}

func (q *request) open(list, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	box, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", invalid("after", "after is not where a page of this list ended.")
	}
	plain, err := q.pool.Secrets.Cookie.Open(box, []byte("admin cursor/"+list))
	if err != nil {
		return "", invalid("after", "after is not where a page of this list ended.")
	}
	return string(plain), nil
}
