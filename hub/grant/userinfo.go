package grant

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// Access is an access token that was verified and whose grant is live.
type Access struct {
	Client *hub.Client
	Grant  *hub.Grant // nil, as User, of a token that a client got for itself
	User   *hub.User
	Scope  oauth.Scope
	claims access
}

// Verify takes an access token of this pool for what it is worth now: signature,
// kind and times, then the grant and the person. Everything that fails is
// invalid_token (RFC 6750 §3.1); the cause says what.
func Verify(ctx context.Context, p *hub.Pool, raw string) (*Access, error) {
	payload, header, err := p.Keys.Ring().Verify(raw)
	if err != nil {
		return nil, refuseToken(err)
	}
	var claims access
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, refuseToken(err)
	}
	if err := token.UseAccess.Check(header, claims.TokenUse); err != nil {
		return nil, refuseToken(err)
	}
	now := p.Now().Unix()
	client, known := p.Client(claims.ClientID)
	switch {
	case claims.Issuer != p.Issuer:
		return nil, refuseToken(errors.New("of another issuer"))
	case now >= claims.Expires:
		return nil, refuseToken(errors.New("expired"))
	case !known:
		return nil, refuseToken(errors.New("its client is gone"))
	}
	a := &Access{Client: client, Scope: claims.Scope, claims: claims}
	if claims.OriginJTI == "" {
		return a, nil // of the client itself, which is there
	}
	var ended time.Time
	err = p.Space.View(ctx, func(tx *store.Tx) (err error) {
		if a.Grant, err = hub.Grants.Get(tx, claims.OriginJTI); err != nil {
			return err
		}
		if ended, err = hub.EndedAt(tx, a.Grant.Session); err != nil {
			return err
		}
		a.User, err = hub.FindUser(tx, a.Grant.Sub) // the token has the sub that its client knows
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, refuseToken(errors.New("its grant or its user is gone"))
	}
	if err != nil {
		return nil, oauth.Internal(err)
	}
	if a.Grant.Revoked != "" {
		return nil, refuseToken(errors.New("revoked: " + a.Grant.Revoked))
	}
	owner, known := p.Client(a.Grant.ClientID) // another than client for an exchanged token
	if !known {
		return nil, refuseToken(errors.New("its grant's client is gone"))
	}
	if why := a.Grant.Dead(p, owner, a.User); why != "" {
		return nil, refuseToken(errors.New(why))
	}
	// A token that came of a refresh since lives, where refresh tokens may.
	if !ended.IsZero() && (!owner.KeepsRefresh || claims.IssuedAt <= ended.Unix()) {
		return nil, refuseToken(errors.New(sessionEnded))
	}
	return a, nil
}

// Use takes an access token as it was shown at an endpoint: Verify, and the
// proof of every key that the token is bound to. A bound token shown as a plain
// Bearer is worth nothing (RFC 9449 §7.2, RFC 8705 §3).
func Use(ctx context.Context, p *hub.Pool, raw, tokenType string, e Evidence) (*Access, error) {
	a, err := Verify(ctx, p, raw)
	if err != nil {
		return nil, err
	}
	bound := Binding{}
	if a.claims.Confirmation != nil {
		bound = *a.claims.Confirmation
	}
	if (bound.JKT != "") != (tokenType == oauth.TokenTypeDPoP) {
		return nil, refuseToken(errors.New("shown under another scheme than it was given for"))
	}
	if bound.X5T != "" && (len(e.Certificate) == 0 || Thumbprint(e.Certificate) != bound.X5T) {
		return nil, refuseToken(errors.New("bound to another certificate"))
	}
	if bound.JKT == "" {
		return a, nil
	}
	rules := proof.DPoPRequest{
		Method: e.Method, URL: e.URL, AccessToken: raw, Bound: bound.JKT, Nonces: p.Secrets.Nonces, Now: p.Now(),
		DemandNonce: a.Client.FAPI2,
	}
	if !a.Client.FAPI2 {
		rules.Algorithms = token.Algorithms()
	}
	proven, err := proof.DPoP(e.DPoP, rules)
	if err != nil {
		return nil, err
	}
	fresh, err := hub.UseOnce(ctx, p, hub.NewReplay("dpop", proven.Thumbprint, proven.ID, proven.Expires))
	if err != nil {
		return nil, oauth.Internal(err)
	}
	if !fresh {
		return nil, oauth.Errorf(oauth.InvalidDPoPProof, "the proof was used before")
	}
	return a, nil
}

func refuseToken(cause error) error {
	return oauth.Wrap(cause, oauth.InvalidToken, "Access token is expired, disabled, or deleted, or the user has globally signed out.")
}

// UserInfo are the claims an access token opens (OpenID Connect Core §5.3):
// every value as text and a username beside sub, as Cognito answers, or typed
// where the client asks for it.
func (a *Access) UserInfo(p *hub.Pool) (map[string]any, error) {
	if a.User == nil || !a.Scope.Has("openid") {
		return nil, oauth.Errorf(oauth.InsufficientScope, "the token's scope lacks openid")
	}
	claims := attributes(p, a.Client, a.User, a.Scope, a.Grant.Wish.UserInfo, a.Client.TypedUserInfo)
	claims["sub"] = subject(a.Client, a.Grant, a.User, p.Now())
	claims["username"] = a.User.Username
	if len(a.User.Links) > 0 {
		text, err := json.Marshal(identities(a.User))
		if err != nil {
			return nil, oauth.Internal(err)
		}
		claims["identities"] = string(text)
	}
	return claims, nil
}
