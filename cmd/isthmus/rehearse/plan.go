package rehearse

import (
	"fmt"
	"slices"

	"github.com/isthmus-hub/isthmus/config"
)

// act is one end of a session that is to be rehearsed.
type act struct {
	pool    *config.Pool
	kind    Kind
	by      string           // the client or the provider whose doing it is; empty: nobody's
	way     string           // in: a provider, or config.PasswordForm
	clients []*config.Client // that the person signs in to, in this order
}

// plan lists what is to be rehearsed of a pool, and remarks on what cannot be.
func plan(p *config.Pool, kinds []Kind) (acts []act, remarks []string) {
	people := signingIn(p)
	for i := range p.Clients {
		c := &p.Clients[i]
		switch {
		case slices.Contains(c.Flows, "device_code") && !slices.Contains(people, c):
			remarks = append(remarks, fmt.Sprintf("%s signs people in on devices only, which is not rehearsed", c.ID))
		case slices.Contains(people, c) && len(ways(p, c)) == 0:
			remarks = append(remarks, fmt.Sprintf("nobody can sign in to %s: its providers are switched off", c.ID))
		}
	}
	if len(people) == 0 {
		remarks = append(remarks, "no client signs people in by a browser")
	}
	wanted := func(k Kind) bool { return len(kinds) == 0 || slices.Contains(kinds, k) }
	add := func(a act) {
		if wanted(a.kind) {
			acts = append(acts, a)
		}
	}
	cover := cover(p, people)
	for _, k := range []Kind{App, AppCognito} {
		for _, c := range people {
			i := slices.IndexFunc(cover, func(way string) bool { return slices.Contains(ways(p, c), way) })
			if i < 0 || k == AppCognito && len(c.LogoutURLs) == 0 {
				continue
			}
			add(act{pool: p, kind: k, by: c.ID, way: cover[i], clients: reached(p, people, cover[i])})
		}
	}
	for _, k := range []Kind{Provider, ProviderFront} {
		for i := range p.Providers {
			if name := p.Providers[i].Name; len(reached(p, people, name)) > 0 {
				add(act{pool: p, kind: k, by: name, way: name, clients: reached(p, people, name)})
			}
		}
	}
	for _, k := range []Kind{Administrator, Disabled, Deleted, Expired} {
		if k == Expired && !p.Logout.OnExpiry {
			continue
		}
		for _, way := range cover {
			add(act{pool: p, kind: k, way: way, clients: reached(p, people, way)})
		}
	}
	return acts, remarks
}

// signingIn are the clients to which people come with a browser.
func signingIn(p *config.Pool) (list []*config.Client) {
	for i := range p.Clients {
		if c := &p.Clients[i]; slices.Contains(c.Flows, "code") && len(c.CallbackURLs) > 0 {
			list = append(list, c)
		}
	}
	return list
}

// ways are the ways in that a client has: providers that are on, and the form.
func ways(p *config.Pool, c *config.Client) (list []string) {
	for _, name := range c.Providers {
		on := name == config.PasswordForm || slices.ContainsFunc(p.Providers, func(pr config.Provider) bool { return pr.Name == name && pr.Enabled })
		if on {
			list = append(list, name)
		}
	}
	return list
}

// reached are the clients of which a session by this way can be.
func reached(p *config.Pool, people []*config.Client, way string) (list []*config.Client) {
	for _, c := range people {
		if slices.Contains(ways(p, c), way) {
			list = append(list, c)
		}
	}
	return list
}

// cover chooses ways in so that every client has one of them: as few as a simple
// choice finds, the one that leads to most clients first.
func cover(p *config.Pool, people []*config.Client) (chosen []string) {
	all := []string{}
	for i := range p.Providers {
		all = append(all, p.Providers[i].Name)
	}
	all = append(all, config.PasswordForm)
	left := slices.Clone(people)
	for {
		best, most := "", 0
		for _, way := range all {
			if n := len(reached(p, left, way)); n > most {
				best, most = way, n
			}
		}
		if most == 0 {
			return chosen
		}
		chosen = append(chosen, best)
		left = slices.DeleteFunc(left, func(c *config.Client) bool { return slices.Contains(ways(p, c), best) })
	}
}
