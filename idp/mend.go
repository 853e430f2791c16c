package idp

import "fmt"

// mend says what an operator should do about an error. Sentences name settings, never values that are secret.
func (p *Provider) mend(e *Error) string {
	switch e.Kind {
	case KindCancelled:
		return "Nothing: the person or the caller went away."
	case KindMisused:
		return "This is a fault of the hub; report it to those who make it."
	case KindOpen:
		return "The provider failed a moment ago and will be tried again within a minute. See the cause for the first failure."
	case KindTimeout:
		return fmt.Sprintf("%s did not answer in time. Check the provider's health and the network between.", p.at(e))
	case KindBlocked:
		return "The address is forbidden by the hub's outbound policy. If it is meant, list its host, host:port or network as an outbound exception."
	case KindUnreachable:
		return p.mendUnreachable(e)
	case KindRefused:
		return p.mendRefusal(e)
	}
	return p.mendInvalid(e)
}

func (p *Provider) at(e *Error) string {
	if e.Endpoint != "" {
		return e.Endpoint
	}
	return "The provider"
}

func (p *Provider) mendUnreachable(e *Error) string {
	switch e.Check {
	case "dns":
		return fmt.Sprintf("The name of %s does not resolve. Check the spelling and the hub's name servers.", p.at(e))
	case "tls":
		return fmt.Sprintf("The TLS connection to %s failed. Check its certificate, its name, and whether its authority is trusted here.", p.at(e))
	case "status":
		return fmt.Sprintf("%s answered with status %d. Check the provider's health.", p.at(e), e.Status)
	}
	return fmt.Sprintf("No connection to %s. Check that the provider runs, and firewalls between.", p.at(e))
}

func (p *Provider) mendRefusal(e *Error) string {
	switch e.Code {
	case "invalid_client":
		if a := p.cfg.Assertion; a != nil {
			return fmt.Sprintf("The provider refused our signature. Compare client_id %q, key id %q, whose key it is, and the clock with the provider's registration.", p.cfg.ClientID, a.KeyID)
		}
		return fmt.Sprintf("The provider refused our client secret. Compare client_id %q and the secret with the provider's registration, and its authentication method.", p.cfg.ClientID)
	case "invalid_grant":
		return fmt.Sprintf("The provider refused the code: expired, used before, or issued for another redirect_uri than %q. If it happens to everybody, compare redirect_uri and clocks.", p.cfg.RedirectURI)
	case "unauthorized_client":
		return "The provider does not allow our client the authorization code grant. Enable it in the registration there."
	case "redirect_uri_mismatch":
		return fmt.Sprintf("Register exactly %q as redirect URI at the provider.", p.cfg.RedirectURI)
	case "invalid_scope":
		return fmt.Sprintf("The provider does not know or allow one of the scopes %q.", p.cfg.Scopes)
	case "access_denied":
		return "The person or the provider's policy declined. If it happens to everybody, check who is assigned to our application there."
	case "login_required", "interaction_required", "consent_required", "account_selection_required":
		return "The provider needs to show a page and prompt=none forbade it. Sign in again without prompt=none."
	case "temporarily_unavailable", "server_error":
		return "The provider has a fault of its own. Check its health and logs."
	case "invalid_token", "insufficient_scope":
		return "The provider refused its own access token at userinfo. Check that the scopes include what userinfo there demands."
	}
	return "The provider refused. Look the error code up in its documentation and logs."
}

func (p *Provider) mendInvalid(e *Error) string {
	if e.Step == StepLogoutToken {
		switch e.Check {
		case "typ", "kind", "events", "nonce", "jti":
			return "What arrived is no logout token to the standard. If it came from the provider, report the failed check there; otherwise somebody tries what tokens are taken."
		case "exp", "iat", "nbf":
			return "The logout token came minutes after it was made, or the clocks differ by more than a minute. Synchronise the clock here and at the provider, and look what held the delivery up."
		case "sub", "sid":
			return "The logout token names neither one person nor one session without doubt. Report it to the provider."
		}
	}
	switch e.Check {
	case "issuer", "iss":
		return fmt.Sprintf("The provider names another issuer than %q. Copy the issuer from its discovery document exactly, with or without final slash; if it should be the same, an answer of another provider was used.", p.cfg.Issuer)
	case "tid":
		return "Somebody of another tenant came. If that tenant is to be let in, list its id among the provider's tenants."
	case "aud", "azp":
		return fmt.Sprintf("The token was made for another client. Compare client_id %q with the registration.", p.cfg.ClientID)
	case "exp", "iat", "nbf":
		return "The clocks differ by more than a minute. Synchronise the clock here and at the provider."
	case "auth_time":
		return "A fresh sign-in was asked for and the provider did not prove one. Check that it honours max_age and sends auth_time."
	case "alg":
		return fmt.Sprintf("The provider signs with an algorithm that is not allowed here (%q). Change it there, or add it to the provider's algorithms.", p.cfg.Algorithms)
	case "kid", "signature", "keys":
		return "The provider's published keys do not fit its signature. Check that jwks_uri belongs to this issuer and is not cached in between."
	case "nonce", "at_hash":
		return "The answer belongs to another sign-in. If it happens to everybody, the provider does not return what it was sent."
	case "sub":
		return "The provider did not name one person without doubt. Report it to the provider."
	case "content_type":
		return fmt.Sprintf("%s answered with something else than asked for, perhaps a login or error page. Check the URL, and for userinfo whether the provider signs it.", p.at(e))
	case "status", "redirect":
		return fmt.Sprintf("%s answered with status %d. Check the URL.", p.at(e), e.Status)
	case "endpoints":
		return "The discovery document lacks an endpoint or names one that is not https. Set the endpoint explicitly, or have the provider mended."
	case "end_session_endpoint":
		return "The provider advertises no end_session_endpoint. Set the endpoint explicitly if it has one; otherwise people stay signed in there."
	case "encryption":
		return "The provider encrypts its ID tokens. Switch encryption off in our registration there."
	case "size":
		return "The answer was too large. A person with very many groups can cause it; limit what the provider sends."
	case "id_token":
		return "The provider sent no ID token. Check that it speaks OpenID Connect and that the scope openid is allowed to our client."
	}
	return "The provider's answer breaks the protocol. Report the failed check to the provider."
}
