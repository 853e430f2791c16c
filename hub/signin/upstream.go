package signin

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/idp"
)

// calls adds a step for each call to the provider that went well before a
// failure, or before none.
func (t *attempt) calls(calls []idp.Call, failed *idp.Error) {
	for i, c := range calls {
		last := failed != nil && i == len(calls)-1 && c.Endpoint == failed.Endpoint
		if c.Kind == "" && !last {
			t.step(string(c.Step), "%d from %s (%s)", c.Status, c.Endpoint, elapsed(c.Elapsed))
		}
	}
}

// upstreamDetail is what was found at the step that failed: what the provider
// answered, from where, after how long.
func upstreamDetail(e *idp.Error) string {
	at := ""
	if e.Endpoint != "" {
		at = " from " + e.Endpoint
	}
	cause := ""
	if e.Cause != nil {
		cause = ": " + e.Cause.Error()
	}
	switch {
	case e.Kind == idp.KindRefused && e.Status == 0:
		return "the provider answered with " + e.Code + colon(e.Description)
	case e.Kind == idp.KindRefused:
		return fmt.Sprintf("%d %s%s (%s)%s", e.Status, e.Code, at, elapsed(e.Elapsed), colon(e.Description))
	case e.Kind == idp.KindOpen:
		var before *idp.Error
		if errors.As(e.Cause, &before) {
			cause = ": " + upstreamDetail(before)
		}
		return "not asked, it had failed moments before" + cause
	case e.Kind == idp.KindTimeout:
		return fmt.Sprintf("no answer%s (%s)", at, elapsed(e.Elapsed))
	case e.Status != 0 && e.Check == "status":
		return fmt.Sprintf("%d%s (%s)%s", e.Status, at, elapsed(e.Elapsed), cause)
	case e.Status != 0:
		return fmt.Sprintf("%d%s (%s), %s%s", e.Status, at, elapsed(e.Elapsed), strings.ReplaceAll(e.Check, "_", " "), cause)
	case e.Endpoint != "":
		return fmt.Sprintf("no answer%s (%s), %s%s", at, elapsed(e.Elapsed), strings.ReplaceAll(e.Check, "_", " "), cause)
	}
	return strings.ReplaceAll(e.Check, "_", " ") + cause
}

// upstreamWhy says in one sentence what is wrong between hub and provider.
func upstreamWhy(e *idp.Error) string {
	switch e.Kind {
	case idp.KindRefused:
		return whyRefused(e)
	case idp.KindTimeout:
		return "The provider did not answer in time."
	case idp.KindOpen:
		return "The provider failed a moment ago, so it was not asked."
	case idp.KindBlocked:
		return "The hub's outbound policy forbids the provider's address."
	case idp.KindCancelled:
		return "The person went away before the provider answered."
	case idp.KindUnreachable:
		if e.Status != 0 {
			return fmt.Sprintf("The provider has a fault of its own and answered with status %d.", e.Status)
		}
		switch e.Check {
		case "dns":
			return "The provider's name does not resolve."
		case "tls":
			return "No TLS connection to the provider could be made."
		}
		return "The provider does not answer."
	case idp.KindInvalid:
		return whyInvalid(e)
	}
	return "The hub itself failed: " + e.Error() + "."
}

func whyRefused(e *idp.Error) string {
	switch e.Code {
	case "invalid_client":
		return "The provider refused our client secret."
	case "invalid_grant":
		return "The provider refused the code that it had just given."
	case "access_denied":
		return "The person, or a rule of the provider, declined."
	case "temporarily_unavailable", "server_error":
		return "The provider has a fault of its own."
	case "unauthorized_client":
		return "The provider does not let our client sign people in."
	}
	return fmt.Sprintf("The provider refused with %s%s.", e.Code, colon(strings.TrimRight(e.Description, ".")))
}

func whyInvalid(e *idp.Error) string {
	switch e.Check {
	case "issuer", "iss":
		return "The provider names another issuer than the one that is configured."
	case "aud", "azp":
		return "The ID token was made for another client."
	case "tid":
		return "The person is of a tenant that is not let in."
	case "exp", "iat", "nbf":
		return "The ID token's times do not fit our clock."
	case "auth_time":
		return "A fresh sign-in was asked for, and the provider did not prove one."
	case "alg":
		return "The ID token is signed with an algorithm that is not allowed."
	case "kid", "signature", "keys":
		return "The ID token's signature does not fit the provider's published keys."
	case "nonce", "at_hash":
		return "The ID token belongs to another sign-in."
	case "sub":
		return "The provider did not name one person without doubt."
	case "encryption":
		return "The ID token is encrypted."
	case "size":
		return "The provider's answer was too large."
	case "status", "redirect":
		return fmt.Sprintf("The provider answered with status %d.", e.Status)
	}
	return "The provider's answer breaks the protocol."
}

// upstreamMend says what to do about it. What the why has said is not repeated.
func upstreamMend(pr *hub.Provider, e *idp.Error, why string) string {
	if e.Code == "invalid_client" && pr != nil && pr.SecretFrom != "" {
		then := "run: isthmus reload"
		if strings.HasPrefix(pr.SecretFrom, "the variable") {
			then = "start the hub again, for a process keeps its variables"
		}
		return fmt.Sprintf("Put the right secret of client %q into %s and %s", pr.ClientID, pr.SecretFrom, then)
	}
	mend := strings.TrimSpace(strings.TrimPrefix(e.Mend, why))
	return cmp.Or(mend, e.Mend)
}

func colon(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}

// elapsed prints a time as people say it: 181 ms, 6.2 s.
func elapsed(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
