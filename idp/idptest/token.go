package idptest

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// token redeems a code (RFC 6749 §4.1.3, RFC 7636 §4.6).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, description string) {
		writeJSON(w, status, map[string]any{"error": code, "error_description": description})
	}
	if r.Method != http.MethodPost {
		refuse(http.StatusMethodNotAllowed, "invalid_request", "POST is wanted")
		return
	}
	form := r.PostForm
	if !p.authenticates(r, form) {
		w.Header().Set("WWW-Authenticate", "Basic")
		refuse(http.StatusUnauthorized, "invalid_client", "client authentication failed")
		return
	}
	if form.Get("grant_type") != "authorization_code" {
		refuse(http.StatusBadRequest, "unsupported_grant_type", "")
		return
	}
	g := p.takeCode(form.Get("code"))
	challenge := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case g == nil:
		refuse(http.StatusBadRequest, "invalid_grant", "code is unknown or used")
		return
	case g.redirectURI != form.Get("redirect_uri"):
		refuse(http.StatusBadRequest, "invalid_grant", "redirect_uri differs")
		return
	case g.challenge != "" && g.challenge != encode(challenge[:]):
		refuse(http.StatusBadRequest, "invalid_grant", "code_verifier does not fit")
		return
	}
	answer, err := p.issue(g)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if h := p.hook().Token; h != nil {
		h(answer)
	}
	writeJSON(w, http.StatusOK, answer)
}

// authenticates accepts the secret by Basic, form-decoded, or in the body.
func (p *Provider) authenticates(r *http.Request, form url.Values) bool {
	if p.cfg.Authenticate != nil {
		return form.Get("client_id") == p.cfg.ClientID && p.cfg.Authenticate(form)
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		var idErr, secretErr error
		id, idErr = url.QueryUnescape(user)
		secret, secretErr = url.QueryUnescape(password)
		if idErr != nil || secretErr != nil || form.Has("client_secret") {
			return false
		}
	}
	return id == p.cfg.ClientID && subtle.ConstantTimeCompare([]byte(secret), []byte(p.cfg.ClientSecret)) == 1
}

func (p *Provider) takeCode(code string) *grant {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.codes.grants[code]
	delete(p.codes.grants, code)
	return g
}

// issue makes the token response for a grant.
func (p *Provider) issue(g *grant) (map[string]any, error) {
	hooks := p.hook()
	if hooks.Signing != nil {
		hooks.Signing()
	}
	access := rand.Text()
	t := p.idToken(g, access)
	if hooks.IDToken != nil {
		hooks.IDToken(t)
	}
	compact, err := t.Compact()
	if err != nil {
		return nil, fmt.Errorf("sign the ID token: %w", err)
	}
	p.mu.Lock()
	p.tokens.put(access, g)
	p.mu.Unlock()
	return map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": int(p.cfg.Lifetime.Seconds()), "id_token": compact,
	}, nil
}

// idToken is a correct ID token (OpenID Connect Core §2).
func (p *Provider) idToken(g *grant, access string) *Token {
	key := p.SigningKey()
	now := p.cfg.Now()
	claims := map[string]any{}
	if !p.cfg.Thin {
		claims = g.user.claims()
	}
	maps.Copy(claims, map[string]any{
		"iss": p.cfg.Issuer, "sub": g.user.Subject, "aud": p.cfg.ClientID, "sid": g.sid,
		"iat": now.Unix(), "exp": now.Add(p.cfg.Lifetime).Unix(), "auth_time": g.authTime.Unix(),
		"at_hash": AccessTokenHash(key.Algorithm, access),
	})
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	return &Token{
		Header: map[string]any{"alg": key.Algorithm, "kid": key.ID, "typ": "JWT"},
		Claims: claims, Key: key, AccessToken: access,
	}
}

// AccessTokenHash is at_hash for an access token (OpenID Connect Core §3.1.3.6).
func AccessTokenHash(algorithm, access string) string {
	h := crypto.SHA512
	if algorithm != "EdDSA" {
		h = hashOf(algorithm)
	}
	digest := h.New()
	digest.Write([]byte(access))
	sum := digest.Sum(nil)
	return encode(sum[:len(sum)/2])
}

// userinfo answers with the claims of the access token's user (OpenID Connect Core §5.3).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	access, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		access = r.PostForm.Get("access_token")
	}
	p.mu.Lock()
	g := p.tokens.grants[access]
	p.mu.Unlock()
	if g == nil {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		writeJSON(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	claims := g.user.claims()
	claims["sub"] = g.user.Subject
	if h := p.hook().UserInfo; h != nil {
		h(claims)
	}
	if r.Header.Get("Accept") != "application/jwt" {
		writeJSON(w, http.StatusOK, claims)
		return
	}
	signed := map[string]any{"iss": p.cfg.Issuer, "aud": p.cfg.ClientID}
	maps.Copy(signed, claims)
	compact, err := p.SignJWT("", signed)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/jwt")
	_, _ = w.Write([]byte(compact))
}
