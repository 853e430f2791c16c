package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/mapping"
)

func mappingCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "mapping",
		Short: "How a provider's claims become a user's attributes: show a mapping, try a changed one",
		Long:  mappingText,
	}
	return group(c, mappingShowCommand(), mappingTryCommand())
}

// mappingText teaches mappings, as the topics of topic.go do.
const mappingText = `How a provider's claims become a user's attributes

Each provider has a mapping: one rule for each attribute of the pool that it
writes. The short form names the claim. The long form says more:

  mapping:
    email: email
    family_name: {from: [family_name, surname], on_missing: ask}
    "custom:cost_center": {from: /organisation/cost_center, default: none}
    name: {expr: 'claims.given_name + " " + claims.family_name'}
    locale: {value: en}
    given_name: {from: given_name, write: if_empty}
    email_verified: {from: email_verified, trust_verification: true}

  from                 the claim; of several the first that is there; /a/b leads
                       into nested claims (RFC 6901)
  expr                 an expression (CEL) over claims
  value                a constant
  on_missing           refuse the sign-in, ask the person, write the default, or
                       skip. Not said: the default if there is one; else refuse
                       for what every user must have, and skip for the rest
  write                always (at each sign-in), once, or if_empty
  trust_verification   believe "true" as text too, when the provider says that an
                       address is verified

The pool's attributes.required names what every user must have; isthmus check
wants a rule for each. sub, identities and names that begin with cognito: are the
hub's own and no rule can write them.

Groups come from a provider only by a rule that says so:

    groups: groups                                 a list of names, or one name
    groups: {from: roles, split: ","}              a text, divided
    groups: {expr: 'claims.groups.filter(g, g.startsWith("app-"))'}

  write                reconcile (if nothing is said): the groups that came from
                       this provider become those it names now, and groups from
                       elsewhere stay; always adds and takes none away; once; or
                       if_empty, while the user is in no group
  on_missing           refuse, default, or skip, which leaves the groups alone. Not
                       said: a claim that is absent names no group, so those that
                       came from this provider end
  split                what stands between the names of a text

Who would be in more than 100 groups is not let in. Tokens have the groups in
cognito:groups, with <pool>_<provider> for whoever was created by that provider
(provider_group: false leaves that one out); for another claim, give the pool or the
client  claims: {groups: {expr: groups}}.

Before a changed mapping is in force, try it. Each provider's latest claims are
kept, sealed and without tokens and what looks like a secret (samples: in the
configuration), and

  isthmus mapping show -c new.yaml      shows the file's mapping as a table
  isthmus mapping try -c new.yaml       says whom it would change, ask, or shut out`

// chosen is a provider in a file, and its pool.
type chosen struct {
	file     *config.Config
	pool     *config.Pool
	provider *config.Provider
}

// choose reads the file and finds the provider there. Secrets play no part in a
// mapping, so that a shell without the hub's variables will do.
func (t *target) choose(name string) (chosen, error) {
	env := config.Environment{LookupEnv: func(key string) (string, bool) {
		if value, ok := os.LookupEnv(key); ok {
			return value, true
		}
		return "Not-set-in-this-shell-0", true
	}}
	cfg, err := config.Load(t.path, env)
	if _, wrong := errors.AsType[config.Problems](err); wrong {
		return chosen{}, &statusError{exitUsage, err}
	}
	if err != nil {
		return chosen{}, err
	}
	var found []chosen
	var names []string
	for i := range cfg.Pools {
		p := &cfg.Pools[i]
		if t.pool != "" && t.pool != p.Name {
			continue
		}
		for j := range p.Providers {
			names = append(names, p.Providers[j].Name)
			if name == "" || p.Providers[j].Name == name {
				found = append(found, chosen{cfg, p, &p.Providers[j]})
			}
		}
	}
	wrong := func(format string, args ...any) (chosen, error) {
		return chosen{}, &statusError{exitUsage, fmt.Errorf(format, args...)}
	}
	switch {
	case t.pool != "" && !slices.ContainsFunc(cfg.Pools, func(p config.Pool) bool { return p.Name == t.pool }):
		return wrong("there is no pool %q in %s", t.pool, t.path)
	case len(names) == 0:
		return wrong("no pool of %s has a provider, so there is no mapping", t.path)
	case len(found) == 0:
		return wrong("there is no provider %q in %s; it has %s", name, t.path, strings.Join(names, ", "))
	case len(found) > 1 && name == "":
		return wrong("%s has %d providers: say which with --provider %s", t.path, len(found), strings.Join(names, " or --provider "))
	case len(found) > 1:
		return wrong("%d pools of %s have a provider %q: say which with --pool", len(found), t.path, name)
	}
	return found[0], nil
}

func providerFlag(c *cobra.Command, name *string) {
	c.Flags().StringVar(name, "provider", "", "the provider; may be left out when there is one only")
}

func mappingShowCommand() *cobra.Command {
	var v poolVerb
	var name string
	c := &cobra.Command{
		Use:   "show",
		Short: "Show what a file says of a provider's attributes, with what it leaves unsaid",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			is, err := v.choose(name)
			if err != nil {
				return err
			}
			rows := is.provider.Compiled.Contract()
			return v.write(c.OutOrStdout(), rows, func(w io.Writer) {
				fmt.Fprintf(w, "Provider %s of pool %s · %s\n", plain(is.provider.Name), plain(is.pool.Name), plain(is.provider.Issuer))
				writeContract(w, rows)
			})
		},
	}
	configFlag(c, &v.path)
	v.poolFlag(c)
	v.flag(c)
	providerFlag(c, &name)
	return c
}

func writeContract(w io.Writer, rows []mapping.Row) {
	cells := make([][]string, len(rows))
	for i, r := range rows {
		missing, trust := string(r.OnMissing), ""
		if r.Default != "" {
			missing += " " + r.Default
		}
		if r.Trust {
			trust = "text too"
		}
		cells[i] = []string{r.Attribute, r.From, yes(r.Required), missing, string(r.Write), trust}
	}
	writeTable(w, []column{{"ATTRIBUTE", true}, {"FROM", true}, {"REQUIRED", false}, {"ON MISSING", true}, {"WRITE", false}, {"TRUST", false}}, cells)
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}
