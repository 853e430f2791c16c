package app

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// session is one person signed in to the app.
type session struct {
	subject string
	sid     string // of the pool's session; logout tokens name it
	begun   time.Time
	news    signal // something changed without the person

	mu       sync.Mutex // of what changes
	tokens   *oauth2.Token
	hint     string // the ID token, for the pool to know at sign-out whom and what it ends
	idClaims map[string]any
	renewed  time.Time // zero until the first refresh
	unmoved  *unmoved
}

// unmoved says that the pool told of the session's end, and the app stayed.
type unmoved struct {
	At     string
	Manner string
}

func newSession(tokens *oauth2.Token, id *oidc.IDToken) (*session, error) {
	s := &session{subject: id.Subject, begun: time.Now(), tokens: tokens}
	s.hint, _ = tokens.Extra("id_token").(string)
	if err := s.claims(id); err != nil {
		return nil, err
	}
	s.sid = text(s.idClaims, "sid")
	return s, nil
}

func (s *session) claims(id *oidc.IDToken) error {
	var raw json.RawMessage
	if err := id.Claims(&raw); err != nil {
		return err
	}
	claims, err := object(raw)
	if err != nil {
		return err
	}
	s.idClaims = claims
	return nil
}

// verify checks the ID token that came with tokens: signature, issuer, audience
// and times by go-oidc, and that the access token is its own (OIDC Core §3.1.3.6).
func (a *App) verify(ctx context.Context, tokens *oauth2.Token) (*oidc.IDToken, error) {
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("there is no ID token in the answer")
	}
	id, err := a.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if id.Subject == "" {
		return nil, errors.New("the ID token names nobody")
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
			return nil, err
		}
	}
	return id, nil
}

// userInfo asks the pool for the claims of whom the access token is about.
func (a *App) userInfo(ctx context.Context, tokens *oauth2.Token, subject string) (map[string]any, error) {
	ctx = a.context(ctx)
	info, err := a.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return nil, err
	}
	if info.Subject != subject {
		return nil, errors.New("the answer is about somebody else") // OIDC Core §5.3.2
	}
	var raw json.RawMessage
	if err := info.Claims(&raw); err != nil {
		return nil, err
	}
	return object(raw)
}
