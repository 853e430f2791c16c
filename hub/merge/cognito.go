package merge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/mapping"
)

// listed is a user as ListUsers answers (UserType), and as aws-cli prints it.
type listed struct {
	Username   string
	Attributes []struct{ Name, Value string }
	Created    moment `json:"UserCreateDate"`
	Modified   moment `json:"UserLastModifiedDate"`
	Enabled    *bool
	Status     string `json:"UserStatus"`
}

// moment is a time as the API writes it, in seconds, or as aws-cli does.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &m.Time)
	}
	seconds, err := strconv.ParseFloat(string(b), 64)
	if err != nil || seconds < 0 || seconds > 1e11 {
		return errors.New("a time is neither seconds since 1970 nor RFC 3339")
	}
	m.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
	return nil
}

// cognitoIdentity is a member of the attribute identities.
type cognitoIdentity struct {
	UserID       string          `json:"userId"`
	ProviderName string          `json:"providerName"`
	ProviderType string          `json:"providerType"`
	Issuer       *string         `json:"issuer"`
	Primary      json.RawMessage `json:"primary"`
	DateCreated  json.RawMessage `json:"dateCreated"`
}

// readJSON reads the answers of ListUsers, one after another.
func readJSON(r io.Reader, file string, yield func(*Person, error) bool) {
	meter := &meter{r: r}
	d := json.NewDecoder(meter)
	n := 0
	fail := func(err error) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		yield(nil, &RecordError{file, n, err})
	}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil || t != json.Delim('{') {
			fail(errors.Join(errors.New("an answer of ListUsers is one JSON object"), err))
			return
		}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				fail(err)
				return
			}
			if key != "Users" {
				var other json.RawMessage
				meter.left = maxRecord
				if err := d.Decode(&other); err != nil {
					fail(err)
					return
				}
				continue
			}
			if t, err := d.Token(); err != nil || t != json.Delim('[') {
				fail(errors.Join(errors.New("the member Users is a list"), err))
				return
			}
			for d.More() {
				n++
				meter.left = maxRecord
				var u listed
				err := d.Decode(&u)
				var p *Person
				if err == nil {
					p, err = u.person()
				}
				if err != nil {
					fail(err)
					return
				}
				if !yield(p, nil) {
					return
				}
			}
			if _, err := d.Token(); err != nil {
				fail(err)
				return
			}
		}
		if _, err := d.Token(); err != nil {
			fail(err)
			return
		}
	}
}

// meter stops a record that is too long before it fills the memory.
type meter struct {
	r    io.Reader
	left int
}

func (m *meter) Read(b []byte) (int, error) {
	if m.left < -maxRecord { // the decoder reads ahead
		return 0, fmt.Errorf("a record is longer than %d KiB", maxRecord>>10)
	}
	n, err := m.r.Read(b)
	m.left -= n
	return n, err
}

func (u *listed) person() (*Person, error) {
	p := &Person{User: hub.User{
		Username: u.Username, Status: hub.Status(u.Status), Disabled: u.Enabled != nil && !*u.Enabled,
		Attributes: mapping.Attributes{}, Created: u.Created.Time, Modified: u.Modified.Time,
	}}
	for _, a := range u.Attributes {
		if err := p.attribute(a.Name, a.Value); err != nil {
			return nil, err
		}
	}
	// Passwords never leave Cognito; whoever is no federated user has one there.
	p.HasPassword = p.Status != hub.ExternalProvider
	p.AddressProven = p.Attributes["email_verified"] == "true"
	return p, p.check()
}

// attribute takes an attribute by Cognito's name. identities become links, whose
// issuer Cognito does not tell.
func (p *Person) attribute(name, value string) error {
	switch name {
	case "sub":
		p.Sub = value
	case "identities":
		var list []cognitoIdentity
		if err := json.Unmarshal([]byte(value), &list); err != nil {
			return fmt.Errorf("the attribute identities is not the JSON that Cognito writes: %w", err)
		}
		for _, i := range list {
			l := hub.Link{Provider: i.ProviderName, Subject: i.UserID, Type: i.ProviderType, Primary: unquoted(i.Primary) == "true"}
			if i.Issuer != nil {
				l.Issuer = *i.Issuer
			}
			if ms, err := strconv.ParseInt(unquoted(i.DateCreated), 10, 64); err == nil {
				l.Created = time.UnixMilli(ms).UTC()
			}
			p.Links = append(p.Links, l)
		}
	default:
		if value != "" {
			p.Attributes[name] = value
		}
	}
	return nil
}

// unquoted is a member that Cognito writes as text or bare.
func unquoted(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
