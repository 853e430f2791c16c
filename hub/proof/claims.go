package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
)

// Skew is by how much the clock of a client may differ from ours. FAPI 2.0 Security Profile §5.3.2.1 wants 10 seconds ahead accepted
// and more than 60 refused.
const Skew = 30 * time.Second

const (
	maxID      = 512          // bytes of a jti, which the caller has to keep
	maxInstant = 253402300799 // seconds: the end of the year 9999
)

// claims are the members of a JWT's payload.
type claims map[string]any

// text returns a member that has to be there, as a string that is not empty.
func (c claims) text(name string) (string, error) {
	v, ok := c[name]
	if !ok {
		return "", fmt.Errorf("%s is missing", name)
	}
	s, ok := v.(string)
	if !ok || s == "" {
		return "", fmt.Errorf("%s is not a string, or empty", name)
	}
	return s, nil
}

// equal demands a member that is exactly this string.
func (c claims) equal(name, want string) error {
	got, err := c.text(name)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%s is wrong", name)
	}
	return nil
}

// id returns the jti.
func (c claims) id() (string, error) {
	id, err := c.text("jti")
	if err != nil {
		return "", err
	}
	if len(id) > maxID {
		return "", fmt.Errorf("jti is longer than %d bytes", maxID)
	}
	return id, nil
}

// instant returns a NumericDate (RFC 7519 §2), the zero time when it is absent.
func (c claims) instant(name string) (time.Time, error) {
	v, ok := c[name]
	if !ok {
		return time.Time{}, nil
	}
	number, _ := v.(json.Number)
	seconds, err := number.Float64()
	if err != nil || seconds < 0 || seconds > maxInstant {
		return time.Time{}, fmt.Errorf("%s is not a time in seconds", name)
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}

// times are exp, nbf and iat; zero where absent.
type times struct{ expires, notBefore, issued time.Time }

// times reads the three, and demands exp.
func (c claims) times() (t times, err error) {
	if t.expires, err = c.instant("exp"); err != nil {
		return t, err
	}
	if t.notBefore, err = c.instant("nbf"); err != nil {
		return t, err
	}
	if t.issued, err = c.instant("iat"); err != nil {
		return t, err
	}
	if t.expires.IsZero() {
		return t, errors.New("exp is missing")
	}
	return t, nil
}

// current checks that the JWT holds now, give or take the skew.
func (t times) current(now time.Time, skew time.Duration) error {
	switch {
	case !t.expires.IsZero() && !now.Before(t.expires.Add(skew)):
		return errors.New("exp has passed")
	case t.notBefore.After(now.Add(skew)):
		return errors.New("nbf is in the future")
	case t.issued.After(now.Add(skew)):
		return errors.New("iat is in the future")
	}
	return nil
}

// audience returns aud as a list (RFC 7519 §4.1.3), and whether it was written as one string.
func (c claims) audience() (list []string, single bool, err error) {
	switch v := c["aud"].(type) {
	case string:
		return []string{v}, true, nil
	case []any:
		for _, member := range v {
			s, ok := member.(string)
			if !ok {
				return nil, false, errors.New("aud is not a list of strings")
			}
			list = append(list, s)
		}
	case nil:
		return nil, false, errors.New("aud is missing")
	default:
		return nil, false, errors.New("aud is not a string")
	}
	if len(list) == 0 || slices.Contains(list, "") {
		return nil, false, errors.New("aud is empty")
	}
	return list, false, nil
}

// refuse makes the answer to something that is wrong. The reason goes out, but for one about the signature: that goes to the log, so
// that nobody learns which keys a client has, or whether there is one.
func refuse(code oauth.Code, what string, reason error) error {
	if errors.Is(reason, ErrSignature) {
		return oauth.Wrap(reason, code, "%s: the signature is not by a key of the client", what)
	}
	return oauth.Errorf(code, "%s: %v", what, reason)
}
