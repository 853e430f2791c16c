package signin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/store"
	"github.com/isthmus-hub/isthmus/idp"
)

// attempt is one request's share of a sign-in: what is known so far, and the
// steps for its explanation should it stop.
type attempt struct {
	p        *hub.Pool
	visitor  hub.Visitor
	client   *hub.Client
	target   Target
	in       *hub.Interaction
	provider *hub.Provider
	claims   map[string]any
	steps    []hub.Step
	mend     string
	missing  []string // attributes
	sample   *hub.Sample
}

func (t *attempt) step(name, format string, args ...any) {
	t.steps = append(t.steps, hub.Step{Name: name, OK: true, Detail: fmt.Sprintf(format, args...)})
}

// resumed tells the steps that happened in requests before this one.
func (t *attempt) resumed() {
	r := &t.in.Request
	t.step("authorize", "request accepted (%s)", describe(r))
	if !t.in.Sent.IsZero() {
		to := t.in.Provider
		if pr, ok := t.p.Provider(to); ok {
			to = pr.Upstream.Issuer()
		}
		t.step("redirect", "to %s, at %s", to, t.in.Sent.UTC().Format(time.TimeOnly))
	}
}

// fail ends the sign-in: it keeps the explanation, writes the audit event, and
// returns the error for the page.
func (t *attempt) fail(s *Service, reason Reason, cause error) *Error {
	e := &Error{Reason: reason, Trace: hub.NewTraceID(), Client: t.client, Provider: t.provider, Target: t.target, Cause: cause}
	if t.in != nil && t.in.App() {
		e.Retry = Query(t.in)
	}
	why, mend, step := explain(t, reason, cause)
	found := detail(cause)
	if refused, ok := errors.AsType[*oauth.Error](cause); ok && refused.Cause != nil {
		found = detail(refused.Cause) // the rest is what the app is told
	}
	if up, ok := errors.AsType[*idp.Error](cause); ok {
		t.calls(up.Calls, up)
		found = upstreamDetail(up)
	}
	t.steps = append(t.steps, hub.Step{Name: step, Detail: cut(found)})
	s.keep(t, &hub.Trace{
		ID: e.Trace, Time: t.p.Now(), Pool: t.p.Name, Reason: string(reason), Steps: t.steps,
		Claims: masked(t.claims), Missing: t.missing, Why: why, Mend: mend, RequestID: t.visitor.RequestID,
	})
	t.record(s.event(reason), false, reason, e.Trace, "")
	return e
}

func (s *Service) event(reason Reason) hub.EventName {
	switch reason {
	case RedirectMismatch, UnknownClient:
		return hub.RedirectRefused
	case OtherBrowser, Expired, Used:
		return hub.CallbackRefused
	case WrongPassword, Locked:
		return hub.PasswordRefused
	default:
		return hub.SignIn
	}
}

func (t *attempt) record(name hub.EventName, ok bool, reason Reason, trace, sub string) {
	e := t.p.Event(name, t.visitor)
	e.OK, e.Reason, e.Trace, e.Sub = ok, string(reason), trace, sub
	e.Client, e.Provider = t.names()
	t.p.Record(e)
}

// names are the client's id and the provider's name, each empty when it is not known.
func (t *attempt) names() (client, provider string) {
	if t.client != nil {
		client = t.client.ID
	}
	if t.provider != nil {
		provider = t.provider.Name
	}
	return client, provider
}

// keep writes a trace, unless too many come at once: then the log alone has it.
// It does not depend on the request, which may be gone by now.
func (s *Service) keep(t *attempt, trace *hub.Trace) {
	trace.Client, trace.Provider = t.names()
	t.p.Log.Warn("sign-in stopped", "trace", trace.ID, "pool", trace.Pool, "client", trace.Client, "provider", trace.Provider,
		"reason", trace.Reason, "why", trace.Why, "request_id", trace.RequestID)
	if !s.traces.Allow() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := t.p.Space.Update(ctx, func(tx *store.Tx) error {
		if err := hub.Traces.Put(tx, trace); err != nil {
			return err
		}
		return keepSample(tx, t.sample)
	})
	if err != nil {
		t.p.Log.Error("trace not kept", "trace", trace.ID, "error", err)
	}
}

// explain says why a sign-in stopped and what mends it, to an administrator,
// and names the step it stopped at.
func explain(t *attempt, reason Reason, cause error) (why, mend, step string) {
	if up, ok := errors.AsType[*idp.Error](cause); ok {
		why = upstreamWhy(up)
		return why, upstreamMend(t.provider, up, why), string(up.Step)
	}
	client, name := t.names()
	switch reason {
	case UnknownClient:
		return "No client of this pool has the client_id that the app sent.", "Compare the app's client_id with the pool's clients.", "authorize"
	case RedirectMismatch:
		return "The app sent a redirect_uri that is not registered for it, to the letter.",
			fmt.Sprintf("Add the address to callback_urls of client %q if it is the app's own, or correct it in the app.", client), "authorize"
	case InvalidRequest:
		return "The app's request is not one this hub can accept.", "Correct the request in the app; the step says what was wrong.", "authorize"
	case OtherBrowser:
		return "The answer came back to a browser that had not begun this sign-in here.",
			fmt.Sprintf("Let the person start again in one browser. If it happens to everybody: cookies of %s do not survive the way to the provider and back.", t.p.Issuer), "callback"
	case Expired:
		return "The sign-in took longer than it may, or the page belongs to one that is over.",
			fmt.Sprintf("Let the person start again; the whole way may take %s.", t.p.InteractionLife), "callback"
	case Used:
		return "This sign-in had been finished before; its last step was sent a second time.", "Nothing is wrong if the person went back or reloaded. Otherwise look for a proxy that repeats requests.", "callback"
	case ProviderOff:
		return fmt.Sprintf("The provider %s is switched off, unknown, or not enabled for client %q.", name, client),
			fmt.Sprintf("List the provider under providers of client %q and see that it is enabled.", client), "authorize"
	case AttributesRequired:
		return fmt.Sprintf("The provider did not send what nobody comes in without: %s.", strings.Join(t.missing, ", ")), t.mend, "mapping"
	case ProviderWrong:
		return "What the provider sent cannot be kept of one user: " + detail(cause) + ".",
			fmt.Sprintf("Have the mapping of provider %s take less; isthmus mapping try says what a changed one would do.", name), "mapping"
	case CreationOff:
		return fmt.Sprintf("The person is not known here yet, and the provider %s may not create users.", name),
			"Create the user and link it, or set creation: true at the provider.", "user"
	case NameTaken:
		return "The user name that this identity gets belongs to somebody else: " + detail(cause) + ".",
			"Rename the other user. If the provider's issuer changed lately, its people are new identities to this hub.", "user"
	case UserDisabled:
		return "The user is disabled here.", "If that is no longer wanted: isthmus user enable NAME.", "user"
	case NotProven:
		return "What came back proves another account than the one that was to be proven, or that one has changed meanwhile.",
			"Let the person start again, or link the identity yourself: isthmus user link.", "link"
	case LinkTaken:
		return "The identity belongs to a user already: " + detail(cause) + ".",
			"isthmus user duplicates finds accounts of one person and says how to make one of them.", "link"
	case LinkLimit:
		return fmt.Sprintf("The user has %d linked identities, which is the most.", hub.MaxLinks), "Remove one: isthmus user unlink.", "link"
	case Overloaded:
		return "More passwords were waiting to be checked than the hub queues.", "If this lasts, somebody is guessing passwords, or the machine is too small.", "password"
	case WrongPassword, Locked:
		return "The user name and password did not match an account that may sign in.", "After five failures an account waits; a quarter of an hour of quiet frees it.", "password"
	default:
		return "The hub itself failed: " + detail(cause) + ".", "Look in the log for the request id; the store may be full or not writable.", "hub"
	}
}

// describe tells the shape of an authorization request in a few words.
func describe(r *oauth.AuthorizationRequest) string {
	parts := []string{"code"}
	if r.CodeChallenge != "" {
		parts = append(parts, "PKCE S256")
	}
	if len(r.Scope) > 0 {
		parts = append(parts, "scopes "+r.Scope.String())
	}
	return strings.Join(parts, ", ")
}

// protocol are the claims that tell of the token and not of the person.
var protocol = []string{"acr", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "exp", "iat", "iss", "jti", "nbf", "nonce", "sid", "s_hash"}

// masked lists the claims a provider sent of the person, by name, each value
// masked.
func masked(claims map[string]any) []hub.Claim {
	list := make([]hub.Claim, 0, len(claims))
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if len(list) == 50 {
			break
		}
		if slices.Contains(protocol, name) {
			continue
		}
		list = append(list, hub.Claim{Name: cut(name), Value: hub.Mask(cut(text(claims[name])))})
	}
	return list
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		return fmt.Sprintf("object of %d members", len(v))
	case []any:
		return fmt.Sprintf("list of %d", len(v))
	default:
		return fmt.Sprint(v)
	}
}

func detail(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func cut(s string) string {
	if len(s) > 500 {
		return strings.ToValidUTF8(s[:500], "") + "…"
	}
	return s
}

// Query is an authorization request as parameters again, for a link on one of
// our pages. The browser that shows the page goes on with all of what the app
// asked, by the interaction that it names; another, or the same too late, with
// what a query can hold.
func Query(in *hub.Interaction) url.Values {
	r := &in.Request
	v := url.Values{"response_type": {"code"}, "client_id": {r.ClientID}, "redirect_uri": {r.RedirectURI}}
	for name, value := range map[string]string{
		"scope": r.Scope.String(), "state": r.State, "nonce": r.Nonce, "response_mode": r.ResponseMode,
		"code_challenge": r.CodeChallenge, "code_challenge_method": r.CodeChallengeMethod,
		"prompt": r.Prompt.String(), "login_hint": r.LoginHint, "acr_values": r.ACRValues, "claims": r.Claims, "dpop_jkt": r.DPoPJKT,
		"identity_provider": r.IdentityProvider, "idp_identifier": r.IDPIdentifier, "ui_locales": r.UILocales, "lang": r.Lang,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if r.MaxAge != nil {
		v.Set("max_age", strconv.Itoa(*r.MaxAge))
	}
	if len(r.Resource) > 0 {
		v["resource"] = r.Resource
	}
	v.Set(ParamInteraction, in.ID)
	return v
}

// ErrNoTrace says that no explanation is kept under an id.
var ErrNoTrace = errors.New("no such trace")

// Trace finds the explanation with that id, or ErrNoTrace.
func (s *Service) Trace(ctx context.Context, p *hub.Pool, id string) (trace *hub.Trace, err error) {
	err = p.Space.View(ctx, func(tx *store.Tx) error {
		trace, err = hub.Traces.Get(tx, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNoTrace
	}
	return trace, err
}
