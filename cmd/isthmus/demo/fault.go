package demo

import (
	"fmt"
	"strings"
)

// Fault breaks one thing of a demo on purpose. The zero Fault breaks nothing.
type Fault struct {
	Name string
	What string // what is wrong, in one sentence
	See  string // what the person who signs in sees
	Told bool   // the sign-in stops, and an explanation is kept

	breaks func(*plan)
}

// Faults lists the faults that a demo knows.
var Faults = []Fault{
	{
		"wrong-secret", "The master pool holds an old client secret for the corporate pool.",
		"a page that stops after the password, with a code", true,
		func(p *plan) { p.HeldSecret = strings.Repeat("outdated", 4) },
	},
	{
		"missing-attribute", "The master pool refuses people without a family name, and asks for no names.",
		"what the app is told: attributes required: [family_name]", true,
		func(p *plan) { p.LinkScopes, p.OnMissing = "openid email", "refuse" },
	},
	{
		"ask-attribute", "The master pool does not ask the corporate pool for names; it asks the person.",
		"a page that asks for it, once", false,
		func(p *plan) { p.LinkScopes, p.OnMissing = "openid email", "ask" },
	},
	{
		"provider-down", "The corporate pool does not run.",
		"a page that says so at once, with a code", true,
		func(p *plan) { p.Down = true },
	},
	{
		"wrong-issuer", "The master pool writes the corporate pool's issuer with a slash too many.",
		"a page that stops before the password, with a code", true,
		func(p *plan) { p.Issuer += "/" },
	},
	{
		"no-creation", "People of the corporate pool do not become users of the master pool.",
		"a page that says there is no account yet", true,
		func(p *plan) { p.Creation = false },
	},
	{
		"wrong-redirect", "Expenses sends a redirect_uri that is not registered.",
		"a page that names the address, and does not go there", true,
		func(p *plan) { p.CallbackPath = "/callback/" },
	},
}

// ParseFault finds a fault by its name; the empty name is no fault.
func ParseFault(name string) (Fault, error) {
	if name == "" {
		return Fault{}, nil
	}
	names := make([]string, len(Faults))
	for i, f := range Faults {
		if f.Name == name {
			return f, nil
		}
		names[i] = f.Name
	}
	return Fault{}, fmt.Errorf("--fault %q is not known here; there are %s", name, strings.Join(names, ", "))
}
