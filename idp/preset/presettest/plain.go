package presettest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// plain is a provider of plain OAuth 2: an authorization endpoint that approves, a token endpoint, and resources.
type plain struct {
	authorize, token string // paths
	scopes           []string
	noPKCE           bool // refuses code_verifier
	formUnlessJSON   bool // answers token requests as a form unless JSON is accepted (GitHub)
	answer           func(access string) map[string]any
	refuse           func(why string) (int, map[string]any) // of the token endpoint
	resources        map[string]func(*http.Request, Person) any

	codes  map[string]url.Values // the authorization requests
	tokens map[string]bool       // access tokens given
}

// starts the server; the paths are registered as they are.
func (p *Provider) serve(t idptest.TB, s *plain) {
	s.codes, s.tokens = map[string]url.Values{}, map[string]bool{}
	p.plain = s
	mux := http.NewServeMux()
	mux.HandleFunc(s.authorize, p.approve)
	mux.HandleFunc("POST "+s.token, p.redeem)
	for path, resource := range s.resources {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			p.mu.Lock()
			access, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			known := ok && s.tokens[access]
			p.calls[path]++
			who := p.who
			p.mu.Unlock()
			if !known {
				write(w, http.StatusUnauthorized, map[string]any{"message": "Bad credentials"})
				return
			}
			switch v := resource(r, who).(type) {
			case int:
				write(w, v, map[string]any{"message": http.StatusText(v)})
			default:
				write(w, http.StatusOK, v)
			}
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.base = server.URL
}

// Calls is how often a resource was asked for, by its path.
func (p *Provider) Calls(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[path]
}

// Grant makes an access token that was given to somebody else's app.
func (p *Provider) Grant() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	access := rand.Text()
	p.plain.tokens[access] = true
	return access
}

func (p *Provider) approve(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	to, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Has("nonce") || q.Has("max_age") {
		http.Error(w, "this request is not understood", http.StatusBadRequest)
		return
	}
	for _, scope := range p.plain.scopes {
		if !slices.Contains(strings.Fields(q.Get("scope")), scope) {
			http.Error(w, "scope is "+q.Get("scope"), http.StatusBadRequest)
			return
		}
	}
	code := rand.Text()
	p.mu.Lock()
	p.plain.codes[code] = q
	p.mu.Unlock()
	answer := to.Query()
	answer.Set("code", code)
	answer.Set("state", q.Get("state"))
	to.RawQuery = answer.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

func (p *Provider) redeem(w http.ResponseWriter, r *http.Request) {
	s := p.plain
	p.mu.Lock()
	defer p.mu.Unlock()
	code := r.PostFormValue("code")
	q, known := s.codes[code]
	delete(s.codes, code)
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	why := ""
	switch {
	case r.PostFormValue("client_id") != ClientID || r.PostFormValue("client_secret") != ClientSecret, s.noPKCE && r.PostForm.Has("code_verifier"):
		why = "client"
	case !known || q.Get("redirect_uri") != r.PostFormValue("redirect_uri"):
		why = "code"
	case !s.noPKCE && (q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:])):
		why = "code"
	}
	if why != "" {
		status, body := s.refuse(why)
		write(w, status, body)
		return
	}
	access := rand.Text()
	s.tokens[access] = true
	answer := s.answer(access)
	if s.formUnlessJSON && r.Header.Get("Accept") != "application/json" {
		form := url.Values{}
		for name, v := range answer {
			form.Set(name, v.(string))
		}
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		_, _ = w.Write([]byte(form.Encode()))
		return
	}
	write(w, http.StatusOK, answer)
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// standard refuses in the words of RFC 6749 §5.2.
func standard(why string) (int, map[string]any) {
	if why == "client" {
		return http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "Client authentication failed"}
	}
	return http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "The code is not valid"}
}

func github(t idptest.TB, p *Provider) {
	p.serve(t, &plain{
		authorize: "/login/oauth/authorize", token: "/login/oauth/access_token", scopes: []string{"read:user", "user:email"}, formUnlessJSON: true,
		answer: func(access string) map[string]any {
			return map[string]any{"access_token": access, "token_type": "bearer", "scope": "read:user,user:email"}
		},
		refuse: func(why string) (int, map[string]any) { // with status 200
			code := "bad_verification_code"
			if why == "client" {
				code = "incorrect_client_credentials"
			}
			return http.StatusOK, map[string]any{"error": code, "error_description": "What was sent is not right.", "error_uri": "https://docs.github.com/x"}
		},
		resources: map[string]func(*http.Request, Person) any{
			"/api/v3/user": func(_ *http.Request, who Person) any {
				user := map[string]any{"login": who.Login, "id": json.Number(who.ID), "node_id": "MDQ6VXNlcjE=", "type": "User", "site_admin": false,
					"avatar_url": "https://img.example/" + who.ID, "name": who.Name(), "email": nil}
				if !who.Private && who.Email != "" {
					user["email"] = "shown-" + who.Email
				}
				return user
			},
			"/api/v3/user/emails": func(_ *http.Request, who Person) any {
				if who.Email == "" || who.Unlisted {
					return http.StatusNotFound
				}
				return []map[string]any{
					{"email": "old-" + who.Email, "primary": false, "verified": true, "visibility": nil},
					{"email": who.Email, "primary": true, "verified": who.Verified, "visibility": "private"},
					{"email": strconv.Itoa(7) + "+" + who.Login + "@users.noreply.github.com", "primary": false, "verified": true, "visibility": nil},
				}
			},
		},
	})
	p.yaml = secretLine + "base_url: " + p.base
}

func facebook(t idptest.TB, p *Provider) {
	p.serve(t, &plain{
		authorize: "/dialog/oauth", token: "/oauth/access_token", scopes: []string{"public_profile", "email"},
		answer: func(access string) map[string]any {
			return map[string]any{"access_token": access, "token_type": "bearer", "expires_in": 5183944}
		},
		refuse: func(why string) (int, map[string]any) {
			message := "This authorization code has been used."
			if why == "client" {
				message = "Error validating client secret."
			}
			return http.StatusBadRequest, map[string]any{"error": map[string]any{"message": message, "type": "OAuthException", "code": 100, "fbtrace_id": "A"}}
		},
		resources: map[string]func(*http.Request, Person) any{"/me": func(r *http.Request, who Person) any {
			access := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			proof := hmac.New(sha256.New, []byte(ClientSecret))
			proof.Write([]byte(access))
			if r.URL.Query().Get("appsecret_proof") != hex.EncodeToString(proof.Sum(nil)) {
				return http.StatusBadRequest
			}
			all := map[string]any{"id": who.ID, "name": who.Name(), "first_name": who.First, "last_name": who.Last,
				"picture": map[string]any{"data": map[string]any{"height": 50, "width": 50, "is_silhouette": false, "url": "https://img.example/" + who.ID}}}
			if who.Email != "" {
				all["email"] = who.Email
			}
			asked := map[string]any{"id": who.ID}
			for _, field := range strings.Split(r.URL.Query().Get("fields"), ",") {
				if v, ok := all[field]; ok {
					asked[field] = v
				}
			}
			return asked
		}},
	})
	p.yaml = secretLine + p.endpoints("/me?fields=id,name,first_name,last_name,email,picture")
}

func amazon(t idptest.TB, p *Provider) {
	p.serve(t, &plain{
		authorize: "/ap/oa", token: "/auth/o2/token", scopes: []string{"profile"},
		answer: func(access string) map[string]any {
			return map[string]any{"access_token": access, "token_type": "bearer", "expires_in": 3600, "refresh_token": "Atzr|x"}
		},
		refuse: standard,
		resources: map[string]func(*http.Request, Person) any{"/user/profile": func(_ *http.Request, who Person) any {
			answer := map[string]any{"user_id": who.ID, "name": who.Name(), "postal_code": "98101"}
			if who.Email != "" {
				answer["email"] = who.Email
			}
			return answer
		}},
	})
	p.yaml = secretLine + p.endpoints("/user/profile")
}

func linkedin(t idptest.TB, p *Provider) {
	p.serve(t, &plain{
		authorize: "/oauth/v2/authorization", token: "/oauth/v2/accessToken", scopes: []string{"openid", "profile", "email"}, noPKCE: true,
		answer: func(access string) map[string]any {
			return map[string]any{"access_token": access, "expires_in": 5184000, "scope": "email,openid,profile", "id_token": "a.token.without-a-nonce"}
		},
		refuse: standard,
		resources: map[string]func(*http.Request, Person) any{"/v2/userinfo": func(_ *http.Request, who Person) any {
			claims := profile(who)
			claims["sub"], claims["locale"] = who.ID, map[string]any{"country": "US", "language": "en"}
			return claims
		}},
	})
	p.yaml = secretLine + p.endpoints("/v2/userinfo")
}

// endpoints moves a provider's own to the stand-in.
func (p *Provider) endpoints(userinfo string) string {
	return "endpoints: {authorization: \"" + p.base + p.plain.authorize + "\", token: \"" + p.base + p.plain.token + "\", userinfo: \"" + p.base + userinfo + "\"}"
}
