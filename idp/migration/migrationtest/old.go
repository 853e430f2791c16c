// Package migrationtest is an old system for tests, in the box: a real HTTP server
// on loopback that knows people and their passwords, answers as a migration hook
// and as a Cognito-style pool does, and fails in whatever way it is told to. It
// must never face a network. It belongs to package migration's tests and to those
// of whoever asks it.
package migrationtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/idp/migration"
)

// What the old system wants of whoever asks.
const (
	HookSecret   = "hook-secret-0123456789-0123456789"
	ClientID     = "1h57kf5cpq17m0eml12example"
	ClientSecret = "secretsecretsecretsecret"
)

// User is somebody the old system knows.
type User struct {
	Username   string
	Password   string
	Subject    string
	Attributes map[string]string // email_verified and phone_number_verified among them
	Challenge  string            // Cognito's name of what it wants beyond the password
	Exception  string            // Cognito's error in place of an answer
}

// Fault breaks every answer.
type Fault struct {
	Hang   bool          // until the question is given up
	Delay  time.Duration // before an answer that is right
	Status int           // with Body; 0: 200 if there is a body
	Body   string
}

// Old is an old system that runs.
type Old struct {
	*httptest.Server

	mu     sync.Mutex
	users  map[string]User
	fault  Fault
	asked  []string // names, in order
	tokens map[string]string
}

// New starts one that knows these people; it ends with the test.
func New(t testing.TB, users ...User) *Old {
	o := Start(users...)
	t.Cleanup(o.Stop)
	return o
}

// Start is New for whoever has no test at hand; it ends with Stop.
func Start(users ...User) *Old {
	o := &Old{users: map[string]User{}, tokens: map[string]string{}}
	for _, u := range users {
		o.users[u.Username] = u
	}
	o.Server = httptest.NewServer(o)
	return o
}

// Stop ends it, whatever is under way.
func (o *Old) Stop() {
	o.CloseClientConnections()
	o.Close()
}

// Hook is the system as a hook, asked by the client.
func (o *Old) Hook(client *http.Client, timeout time.Duration) migration.System {
	return migration.NewHook(migration.HookConfig{URL: o.URL + "/hook", Secret: HookSecret, Timeout: timeout}, client)
}

// Cognito is the system as a Cognito-style pool, asked by the client.
func (o *Old) Cognito(client *http.Client, timeout time.Duration) migration.System {
	return migration.NewCognito(migration.CognitoConfig{Endpoint: o.URL, ClientID: ClientID, ClientSecret: ClientSecret, Timeout: timeout}, client)
}

// Fail breaks every answer from now on; the zero Fault mends it.
func (o *Old) Fail(f Fault) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault = f
}

// Asked are the names that were asked about, oldest first.
func (o *Old) Asked() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.asked...)
}

// ServeHTTP answers POST /hook, and Cognito's operations everywhere else.
func (o *Old) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	o.mu.Lock()
	f := o.fault
	o.mu.Unlock()
	switch {
	case f.Hang:
		<-r.Context().Done()
		return
	case f.Status != 0 || f.Body != "":
		o.note(body)
		w.WriteHeader(max(f.Status, http.StatusOK))
		_, _ = io.WriteString(w, f.Body)
		return
	}
	time.Sleep(f.Delay)
	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusMethodNotAllowed)
	} else if r.URL.Path == "/hook" {
		o.hook(w, r, body)
	} else {
		o.operation(w, r, body)
	}
}

// note remembers the name in a question of either kind.
func (o *Old) note(body []byte) {
	var q struct {
		Username       string            `json:"username"`
		AuthParameters map[string]string `json:"AuthParameters"`
	}
	if json.Unmarshal(body, &q) != nil || q.Username == "" && q.AuthParameters == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, q.Username+q.AuthParameters["USERNAME"])
}

func (o *Old) user(name, password string) (User, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	u, ok := o.users[name]
	for _, other := range o.users {
		if !ok && strings.Contains(name, "@") && strings.EqualFold(other.Attributes["email"], name) {
			u, ok = other, true // an alias
		}
	}
	return u, ok && u.Password == password
}

func (o *Old) hook(w http.ResponseWriter, r *http.Request, body []byte) {
	var q struct{ Username, Password, Client_ID, Pool string }
	if r.Header.Get("Authorization") != "Bearer "+HookSecret || json.Unmarshal(body, &q) != nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	o.note(body)
	u, right := o.user(q.Username, q.Password)
	if !right {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	attributes, answer := map[string]any{}, map[string]any{}
	for name, value := range u.Attributes {
		if strings.HasSuffix(name, "_verified") {
			answer[name] = value == "true"
		} else {
			attributes[name] = value
		}
	}
	answer["attributes"], answer["username"] = attributes, u.Username
	if u.Subject != "" {
		answer["subject"] = u.Subject
	}
	write(w, http.StatusOK, answer)
}

func (o *Old) operation(w http.ResponseWriter, r *http.Request, body []byte) {
	refuse := func(kind, message string) {
		write(w, http.StatusBadRequest, map[string]any{"__type": kind, "message": message})
	}
	if r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		refuse("SerializationException", "")
		return
	}
	switch strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSCognitoIdentityProviderService.") {
	case "InitiateAuth":
		o.note(body)
		o.initiate(w, body, refuse)
	case "GetUser":
		var q struct{ AccessToken string }
		_ = json.Unmarshal(body, &q)
		o.mu.Lock()
		u, known := o.users[o.tokens[q.AccessToken]]
		o.mu.Unlock()
		if !known {
			refuse("NotAuthorizedException", "Invalid Access Token")
			return
		}
		list := []map[string]string{{"Name": "sub", "Value": u.Subject}}
		for name, value := range u.Attributes {
			list = append(list, map[string]string{"Name": name, "Value": value})
		}
		write(w, http.StatusOK, map[string]any{"Username": u.Username, "UserAttributes": list})
	default:
		refuse("UnknownOperationException", "")
	}
}

func (o *Old) initiate(w http.ResponseWriter, body []byte, refuse func(kind, message string)) {
	var q struct {
		AuthFlow, ClientId string
		AuthParameters     map[string]string
	}
	_ = json.Unmarshal(body, &q)
	mac := hmac.New(sha256.New, []byte(ClientSecret))
	mac.Write([]byte(q.AuthParameters["USERNAME"] + q.ClientId))
	hash := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	u, right := o.user(q.AuthParameters["USERNAME"], q.AuthParameters["PASSWORD"])
	switch {
	case q.AuthFlow != "USER_PASSWORD_AUTH":
		refuse("InvalidParameterException", q.AuthFlow+" flow not enabled for this client")
	case q.ClientId != ClientID:
		refuse("ResourceNotFoundException", "User pool client "+q.ClientId+" does not exist.")
	case q.AuthParameters["SECRET_HASH"] == "":
		refuse("NotAuthorizedException", "Client "+q.ClientId+" is configured with secret but SECRET_HASH was not received")
	case q.AuthParameters["SECRET_HASH"] != hash:
		refuse("NotAuthorizedException", "Unable to verify secret hash for client "+q.ClientId)
	case u.Exception != "":
		refuse(u.Exception, "")
	case !right:
		refuse("NotAuthorizedException", "Incorrect username or password.")
	case u.Challenge != "":
		write(w, http.StatusOK, map[string]any{"ChallengeName": u.Challenge, "Session": strings.Repeat("s", 40), "ChallengeParameters": map[string]string{}})
	default:
		o.mu.Lock()
		token := fmt.Sprintf("token-%d", len(o.tokens))
		o.tokens[token] = u.Username
		o.mu.Unlock()
		write(w, http.StatusOK, map[string]any{"ChallengeParameters": map[string]string{}, "AuthenticationResult": map[string]any{
			"AccessToken": token, "IdToken": "x", "RefreshToken": "x", "ExpiresIn": 3600, "TokenType": "Bearer",
		}})
	}
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
