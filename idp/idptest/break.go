package idptest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Break makes the provider fail in a way named by one word, part=fault, as a command line wants it:
//
//	token=hang                  a Fault of the catalogue at an endpoint
//	id_token=sub-absent         a Mutation, blanks written as hyphens
//	logout_token=nonce-there    likewise, of LogoutMutations
//	discovery=another-issuer    and what else Breakages lists
//
// Parts add up until Mend. The error lists what there is.
func (p *Provider) Break(spec string) error {
	part, fault, ok := strings.Cut(spec, "=")
	if b, found := breakages()[spec]; found {
		p.changeHooks(b)
		return nil
	}
	if ok && slices.Contains(Endpoints(), Endpoint(part)) {
		if f, err := FaultNamed(fault); err == nil {
			p.Fail(Endpoint(part), f)
			return nil
		}
	}
	if ok && part == "id_token" {
		if m, found := named(Mutations(), fault); found {
			p.changeHooks(func(_ *Provider, h *Hooks) { h.IDToken = m.Apply })
			return nil
		}
	}
	if ok && part == "logout_token" {
		if m, found := named(LogoutMutations(), fault); found {
			p.changeHooks(func(_ *Provider, h *Hooks) { h.LogoutToken = m.Apply })
			return nil
		}
	}
	return fmt.Errorf("idptest: no fault %q; there are %s", spec, strings.Join(Breakages(), ", "))
}

// Mend ends all faults and removes all hooks.
func (p *Provider) Mend() {
	p.Heal()
	p.SetHooks(Hooks{})
}

// Breakages lists every word that Break knows.
func Breakages() []string {
	var all []string
	for _, e := range Endpoints() {
		for _, f := range Faults() {
			all = append(all, string(e)+"="+f.Name)
		}
	}
	for _, m := range Mutations() {
		all = append(all, "id_token="+slug(m.Name))
	}
	for _, m := range LogoutMutations() {
		all = append(all, "logout_token="+slug(m.Name))
	}
	for name := range breakages() {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// named finds a mutation by its name or the word for it.
func named(all []Mutation, name string) (Mutation, bool) {
	i := slices.IndexFunc(all, func(m Mutation) bool { return slug(m.Name) == name || m.Name == name })
	if i < 0 {
		return Mutation{}, false
	}
	return all[i], true
}

func slug(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == ',' || r == '\'':
			return -1
		}
		return r
	}, name), "-")
}

func (p *Provider) changeHooks(f func(*Provider, *Hooks)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p, &p.hooks)
}

// breakages are the faults that are neither of an endpoint's transport nor of a token.
func breakages() map[string]func(*Provider, *Hooks) {
	callback := func(change func(url.Values)) func(*Provider, *Hooks) {
		return func(_ *Provider, h *Hooks) { h.Callback = change }
	}
	refusal := func(code, description string) func(*Provider, *Hooks) {
		return callback(func(v url.Values) {
			v.Del("code")
			v.Set("error", code)
			v.Set("error_description", description)
		})
	}
	postLogout := func(change func(url.Values) bool) func(*Provider, *Hooks) {
		return func(_ *Provider, h *Hooks) { h.PostLogout = change }
	}
	return map[string]func(*Provider, *Hooks){
		"callback=access_denied": refusal("access_denied", "the person declined"),
		"callback=server_error":  refusal("server_error", "the provider has a fault"),
		"callback=another-iss":   callback(func(v url.Values) { v.Set("iss", "https://attacker.example") }),
		"callback=no-iss":        callback(func(v url.Values) { v.Del("iss") }),
		"callback=no-code":       callback(func(v url.Values) { v.Del("code") }),
		"callback=another-state": callback(func(v url.Values) { v.Set("state", "somebody-elses-state-of-another-sign-in") }),
		"end_session=another-state": postLogout(func(v url.Values) bool {
			v.Set("state", "somebody-elses-state-of-another-sign-out")
			return true
		}),
		"end_session=no-state": postLogout(func(v url.Values) bool { v.Del("state"); return true }),
		"end_session=page":     postLogout(func(url.Values) bool { return false }),
		"discovery=another-issuer": func(_ *Provider, h *Hooks) {
			h.Discovery = func(doc map[string]any) { doc["issuer"] = "https://attacker.example" }
		},
		"token=no-id-token": func(_ *Provider, h *Hooks) {
			h.Token = func(answer map[string]any) { delete(answer, "id_token") }
		},
		"userinfo=another-sub": func(_ *Provider, h *Hooks) {
			h.UserInfo = func(claims map[string]any) { claims["sub"] = "mallory" }
		},
		"keys=rotate-before-signing": func(p *Provider, h *Hooks) {
			h.Signing = func() { _ = p.Rotate(false) }
		},
	}
}
