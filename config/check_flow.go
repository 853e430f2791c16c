package config

import (
	"fmt"
	"slices"
)

// The flows of a client.
const (
	flowCode        = "code"
	flowDevice      = "device_code"
	flowCredentials = "client_credentials"
	flowExchange    = "token_exchange"
)

var flows = []string{flowCode, flowDevice, flowCredentials, flowExchange}

// otherFlows are the names that the protocol has for them.
var otherFlows = map[string]string{
	"authorization_code": flowCode,
	"device":             flowDevice,
	"urn:ietf:params:oauth:grant-type:device_code":    flowDevice,
	"urn:ietf:params:oauth:grant-type:token-exchange": flowExchange,
}

func (r *reader) flows(c *Client, path string) {
	at := path + ".flows"
	if len(c.Flows) == 0 && !c.Introspects {
		r.problem(at, "the list is empty", "for example  flows: [code]")
	}
	for i, flow := range c.Flows {
		here := fmt.Sprintf("%s[%d]", at, i)
		switch flow {
		case flowCode, flowDevice, flowCredentials, flowExchange:
		case "refresh_token":
			r.problem(here, quote(flow)+" is not a flow", "refreshing is part of code; see tokens for its bounds")
		case "implicit", "token", "id_token", "password":
			r.problem(here, quote(flow)+" is not offered", "it hands tokens or passwords to where they leak (RFC 9700 §2.1.2, §2.4); use code, with PKCE for an app in a browser")
		default:
			hint := oneOf(flow, flows)
			if ours := otherFlows[flow]; ours != "" {
				hint = "it is called " + ours
			}
			r.problem(here, quote(flow)+" is not known here", hint)
		}
	}
	if slices.Contains(c.Flows, flowCredentials) {
		switch {
		case slices.Contains(c.Flows, flowCode):
			r.problem(at, "client_credentials stands beside code", "a client either acts for people or for itself; make two clients")
		case slices.Contains(c.Flows, flowDevice):
			r.problem(at, "client_credentials stands beside device_code", "a client either acts for people or for itself; make two clients")
		case c.Public:
			r.problem(at, "client_credentials of a public client", "the flow needs a secret or keys (RFC 6749 §4.4)")
		}
	}
	if c.Introspects && c.Public {
		r.problem(path+".introspects", "a public client cannot ask about tokens", "anybody could ask in its name; give it a secret or keys (RFC 7662 §2.1)")
	}
}

// exchange checks whose tokens the client may exchange.
func (r *reader) exchange(c *Client, path string) {
	at := path + ".token_exchange"
	switch from := c.TokenExchange.From; {
	case !slices.Contains(c.Flows, flowExchange):
		if r.has(at) {
			r.problem(at, "is not among the flows", "add token_exchange to flows")
		}
		return
	case c.Public:
		r.problem(path+".flows", "token_exchange of a public client", "anybody could exchange tokens in its name; give it a secret or keys")
	case len(from) == 0 && !r.reported[at] && !r.reported[at+".from"]:
		r.missing(path, "it is not said whose tokens the client may exchange", "list clients of the pool, for example  token_exchange: {from: [expenses-web]}")
	case len(from) > maxExchange:
		r.problem(at+".from", fmt.Sprintf("%d clients", len(from)), fmt.Sprintf("%d at most", maxExchange))
	}
	seen := unique{r: r}
	for i, id := range c.TokenExchange.From[:min(len(c.TokenExchange.From), maxExchange)] {
		here := fmt.Sprintf("%s.from[%d]", at, i)
		if !r.has(here) {
			here = at + ".from"
		}
		if _, ok := slices.BinarySearch(r.clientIDs, id); !ok {
			r.problem(here, quote(id)+" is not a client of the pool", r.didYouMean(id, r.clientIDs))
			continue
		}
		seen.add("entry", id, here, false)
	}
}

// maxExchange bounds the clients whose tokens one client may exchange.
const maxExchange = 100
