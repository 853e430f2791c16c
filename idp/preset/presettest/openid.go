package presettest

import (
	"maps"
	"net/url"

	"github.com/isthmus-hub/isthmus/idp/idptest"
)

// answers says how a provider's tokens differ from idptest's.
type answers struct {
	claims   func(Person) map[string]any // in the ID token
	userinfo func(Person) map[string]any // nil: the same
	without  []string                    // claims of idptest's ID tokens that it does not send
	discover func(map[string]any)
	callback func(url.Values)
}

// openID starts an OpenID provider.
func openID(t idptest.TB, p *Provider, cfg idptest.Config, a answers) {
	cfg.ClientID, cfg.ClientSecret, cfg.Algorithm = ClientID, ClientSecret, "ES256"
	p.OIDC = idptest.New(t, cfg)
	p.base = p.OIDC.Issuer()
	p.SetPerson(p.who)
	if a.userinfo == nil {
		a.userinfo = a.claims
	}
	p.OIDC.SetHooks(idptest.Hooks{
		Discovery: a.discover,
		Callback:  a.callback,
		IDToken: func(token *idptest.Token) {
			for _, name := range a.without {
				delete(token.Claims, name)
			}
			maps.Copy(token.Claims, a.claims(p.person()))
		},
		UserInfo: func(claims map[string]any) { maps.Copy(claims, a.userinfo(p.person())) },
	})
}

// profile are the standard claims that most send.
func profile(who Person) map[string]any {
	claims := map[string]any{"name": who.Name(), "given_name": who.First, "family_name": who.Last, "picture": "https://img.example/" + who.ID}
	return withEmail(claims, who)
}

func withEmail(claims map[string]any, who Person) map[string]any {
	if who.Email != "" {
		claims["email"], claims["email_verified"] = who.Email, who.Verified
	}
	return claims
}

func google(t idptest.TB, p *Provider) {
	openID(t, p, idptest.Config{NoLogout: true}, answers{
		claims: func(who Person) map[string]any {
			claims := profile(who)
			claims["azp"] = ClientID
			return claims
		},
		without: []string{"auth_time", "sid"},
	})
	p.yaml = secretLine + "issuer: " + p.base
}

// EntraTenant is the directory in which the hub is registered.
const EntraTenant = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

func entra(t idptest.TB, p *Provider) {
	base := ""
	many := p.who.Tenant != ""
	path := "/" + EntraTenant + "/v2.0"
	if many {
		path = "/organizations/v2.0"
	}
	openID(t, p, idptest.Config{Path: path, NoIss: true}, answers{
		claims: func(who Person) map[string]any {
			claims := map[string]any{
				"ver": "2.0", "tid": EntraTenant, "oid": "00000000-0000-0000-66f3-3332eca7ea81", "name": who.Name(),
				"preferred_username": who.Login, "rh": "0.AAA.", "uti": "fqiBqXLPj0eQa82S-IYFAA",
			}
			if who.Tenant != "" {
				claims["tid"] = who.Tenant
				claims["iss"] = base + "/" + who.Tenant + "/v2.0"
			}
			if who.Email != "" && !who.Thin {
				claims["email"] = who.Email // without a word of whether it was verified
				if who.DomainOwned {
					claims["xms_edov"] = true
				}
			}
			return claims
		},
		userinfo: func(who Person) map[string]any {
			return map[string]any{"name": who.Name(), "given_name": who.First, "family_name": who.Last, "email": who.Email,
				"picture": "https://graph.microsoft.com/v1.0/me/photo/$value"}
		},
		without: []string{"auth_time", "at_hash"},
		discover: func(doc map[string]any) {
			if many {
				doc["issuer"] = base + "/{tenantid}/v2.0"
			}
			delete(doc, "code_challenge_methods_supported") // it is honoured, and not told
		},
	})
	base = p.base[:len(p.base)-len(path)]
	p.yaml = secretLine + "base_url: " + base
	if !many {
		p.yaml += "\ntenant: " + EntraTenant
	}
}

func gitlab(t idptest.TB, p *Provider) {
	claims := func(who Person) map[string]any {
		return withEmail(map[string]any{"name": who.Name(), "nickname": who.Login, "preferred_username": who.Login,
			"profile": "https://gitlab.example/" + who.Login, "picture": "https://img.example/" + who.ID, "groups_direct": []string{"crew"}}, who)
	}
	openID(t, p, idptest.Config{NoLogout: true, NoIss: true}, answers{claims: claims, userinfo: func(who Person) map[string]any {
		all := claims(who)
		all["groups"] = []string{"crew", "crew/sails"}
		return all
	}})
	p.yaml = secretLine + "base_url: " + p.base
}

// okta keeps the profile out of ID tokens that come with an access token.
func okta(t idptest.TB, p *Provider) {
	openID(t, p, idptest.Config{NoIss: true}, answers{
		claims: func(who Person) map[string]any {
			return map[string]any{"ver": 1, "jti": "ID.x", "amr": []string{"pwd"}, "idp": "00o1", "name": who.Name(), "preferred_username": who.Login}
		},
		userinfo: func(who Person) map[string]any {
			claims := profile(who)
			claims["locale"], claims["zoneinfo"], claims["updated_at"] = "en_US", "Europe/Paris", 1700000000
			delete(claims, "picture")
			return claims
		},
	})
	p.yaml = secretLine + "domain: corp.okta.example\nissuer: " + p.base
}

func auth0(t idptest.TB, p *Provider) {
	openID(t, p, idptest.Config{Path: "/", NoIss: true}, answers{
		claims: func(who Person) map[string]any {
			claims := profile(who)
			claims["nickname"], claims["updated_at"] = who.Login, "2026-11-01T10:00:00.000Z"
			return claims
		},
		without: []string{"auth_time"},
	})
	p.yaml = secretLine + "domain: corp.auth0.example\nissuer: " + p.base
}

func keycloak(t idptest.TB, p *Provider) {
	openID(t, p, idptest.Config{Path: "/realms/corp"}, answers{claims: func(who Person) map[string]any {
		claims := profile(who)
		delete(claims, "picture")
		claims["azp"], claims["typ"], claims["acr"], claims["preferred_username"] = ClientID, "ID", "1", who.Login
		return claims
	}})
	p.yaml = secretLine + "realm: " + p.base
}

// cognito has booleans in ID tokens and texts at userInfo.
func cognito(t idptest.TB, p *Provider) {
	openID(t, p, idptest.Config{Path: "/eu-central-1_AbCdEfGhI", NoIss: true}, answers{
		claims: func(who Person) map[string]any {
			claims := map[string]any{"token_use": "id", "cognito:username": who.Login, "origin_jti": "o", "event_id": "e"}
			if !who.Thin {
				withEmail(claims, who)
			}
			return claims
		},
		userinfo: func(who Person) map[string]any {
			claims := profile(who)
			claims["username"] = who.Login
			if who.Email != "" {
				claims["email_verified"] = "false"
				if who.Verified {
					claims["email_verified"] = "true"
				}
			}
			return claims
		},
		without: []string{"sid"},
	})
	p.yaml = secretLine + "user_pool_id: eu-central-1_AbCdEfGhI\nissuer: " + p.base
}
