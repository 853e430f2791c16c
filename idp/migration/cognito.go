package migration

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// CognitoConfig is an app client of a Cognito-style pool with the flow
// ALLOW_USER_PASSWORD_AUTH. Timeout zero is DefaultTimeout.
type CognitoConfig struct {
	Endpoint     string // https://cognito-idp.REGION.amazonaws.com, or what speaks like it
	ClientID     string
	ClientSecret string // may be empty
	Timeout      time.Duration
}

// cognito asks by InitiateAuth with USER_PASSWORD_AUTH, and for the attributes by
// GetUser with the access token that it gets (cognito.md §6).
type cognito struct {
	caller
	config CognitoConfig
}

// NewCognito makes a system that is asked by Cognito's API.
func NewCognito(c CognitoConfig, client *http.Client) System {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	return &cognito{caller{"the pool at " + host(c.Endpoint), client, c.Timeout}, c}
}

// initiated is the answer of InitiateAuth, as far as it matters.
type initiated struct {
	ChallengeName        string `json:"ChallengeName"`
	AuthenticationResult struct {
		AccessToken string `json:"AccessToken"`
	} `json:"AuthenticationResult"`
}

// gotUser is the answer of GetUser, as far as it matters.
type gotUser struct {
	Username       string `json:"Username"`
	UserAttributes []struct {
		Name  string `json:"Name"`
		Value string `json:"Value"`
	} `json:"UserAttributes"`
}

// Ask implements System.
func (c *cognito) Ask(ctx context.Context, q Question) (*Person, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	parameters := map[string]string{"USERNAME": q.Username, "PASSWORD": q.Password}
	if c.config.ClientSecret != "" {
		parameters["SECRET_HASH"] = secretHash(c.config.ClientSecret, q.Username, c.config.ClientID)
	}
	var in initiated
	err := c.operate(ctx, "InitiateAuth", map[string]any{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": c.config.ClientID, "AuthParameters": parameters}, &in)
	switch {
	case err != nil:
		return nil, err
	case in.ChallengeName == "NEW_PASSWORD_REQUIRED":
		return nil, c.fail(Challenge, "the password is a temporary one there (NEW_PASSWORD_REQUIRED)")
	case in.ChallengeName != "":
		return nil, c.fail(Challenge, "it asks for another factor (%s)", word(in.ChallengeName))
	case in.AuthenticationResult.AccessToken == "":
		return nil, c.fail(Misread, "InitiateAuth gave neither a token nor a challenge")
	}
	var u gotUser
	if err := c.operate(ctx, "GetUser", map[string]string{"AccessToken": in.AuthenticationResult.AccessToken}, &u); err != nil {
		if errors.Is(err, ErrWrong) {
			err = c.fail(Unexpected, "GetUser refuses the token of a moment ago")
		}
		return nil, err
	}
	if u.Username == "" || len(u.UserAttributes) > maxAttributes {
		return nil, c.fail(Misread, "GetUser names no user, or more than %d attributes", maxAttributes)
	}
	person := &Person{Username: u.Username, Attributes: map[string]string{}}
	for _, a := range u.UserAttributes {
		if _, twice := person.Attributes[a.Name]; twice {
			return nil, c.fail(Misread, "GetUser has an attribute twice")
		}
		person.Attributes[a.Name] = a.Value
	}
	person.Subject = person.Attributes["sub"]
	return person, nil
}

// operate calls one operation. ErrWrong is what it says of a wrong password.
func (c *cognito) operate(ctx context.Context, operation string, input, output any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.config.Endpoint, "/")+"/", bytes.NewReader(body))
	if err != nil {
		return c.fail(Refused, "its address cannot be asked")
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	status, answer, err := c.call(r)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return c.refusal(operation, status, answer)
	}
	if err := strictjson.Decode(answer, output); err != nil {
		if wrong, ok := errors.AsType[*strictjson.Error](err); ok {
			return c.fail(Misread, "%s: %v", operation, wrong)
		}
		return c.fail(Misread, "%s: a member has another type than it should", operation)
	}
	return nil
}

// refusal tells a wrong password from a wrong configuration (cognito.md §6.5).
func (c *cognito) refusal(operation string, status int, answer []byte) error {
	var e map[string]any
	if err := strictjson.Decode(answer, &e); err != nil {
		return c.fail(Unexpected, "%s: it answers %d, and not in JSON", operation, status)
	}
	kind, _ := e["__type"].(string)
	kind = kind[strings.LastIndexByte(kind, '#')+1:]
	message, _ := e["message"].(string)
	if message == "" {
		message, _ = e["Message"].(string)
	}
	switch kind {
	case "NotAuthorizedException":
		if strings.Contains(message, "SECRET_HASH") || strings.Contains(message, "secret hash") {
			return c.fail(Refused, "it does not take our client secret")
		}
		return ErrWrong
	case "UserNotFoundException":
		return ErrWrong
	case "UserNotConfirmedException", "PasswordResetRequiredException":
		// That the password was right does not follow from these.
		return fmt.Errorf("%w: %s", ErrWrong, kind)
	case "InvalidParameterException":
		return c.fail(Refused, "%s: it does not take our question; is ALLOW_USER_PASSWORD_AUTH among the client's flows?", operation)
	case "ResourceNotFoundException", "InvalidUserPoolConfigurationException":
		return c.fail(Refused, "%s: it knows no such client (%s)", operation, word(kind))
	}
	return c.fail(Unexpected, "%s: it answers %d, %s", operation, status, word(kind))
}

// secretHash is Cognito's SECRET_HASH.
func secretHash(secret, username, clientID string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(username + clientID))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// word is a name that others chose, if it is one.
func word(s string) string {
	if s == "" || len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return "and not by a name"
	}
	return s
}
