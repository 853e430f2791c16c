package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/mapping"
	"github.com/isthmus-hub/isthmus/web/admin"
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
				found = append(found, chosen{p, &p.Providers[j]})
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

func mappingTryCommand() *cobra.Command {
	var v poolVerb
	var name, claims string
	var kept, reveal bool
	c := v.command(&cobra.Command{
		Use:   "try",
		Short: "What would a file's mapping make of the people who signed in lately? Nothing is changed",
		Long: `Try a file's mapping on the claims that a provider sent lately: what it would
change of each person, who would be asked, and who could not sign in any more.
Nothing is changed. The claims are those that the running hub, or its store, keeps
of each provider (samples: in the configuration), or those of a JSON file: an
object, a list of them, or one in each line.

Values are shown masked. --reveal shows them as they are, and the audit log has it.

The exit status is 0 if nobody is shut out, 1 if somebody who can sign in now could
not any more, and 2 if the file is wrong.`,
		Example: `  isthmus mapping try -c new.yaml --provider CorporateID
  isthmus mapping try -c new.yaml --provider CorporateID --claims people.json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			is, err := v.choose(name)
			if err != nil {
				return err
			}
			t := trial(is)
			t.Kept, t.Reveal = claims == "" || kept, reveal
			if claims != "" {
				if t.Claims, err = readClaims(c.InOrStdin(), claims); err != nil {
					return err
				}
			}
			v.pool = is.pool.Name
			return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				tries, err := client.TryMapping(c.Context(), pool, is.provider.Name, t)
				if e, ok := errors.AsType[*admin.Error](err); ok && e.Code == "no_such_provider" {
					return fmt.Errorf("the hub has no provider %q in the pool %s, so it keeps no claims of it", is.provider.Name, pool)
				}
				if err != nil {
					return refused(err)
				}
				err = v.write(c.OutOrStdout(), tries, func(w io.Writer) { writeTries(w, painted(c.OutOrStdout()), tries) })
				if err == nil && tries.Lost > 0 {
					return &statusError{exitFailure, errors.New("")} // it has been said
				}
				return err
			})
		},
	})
	providerFlag(c, &name)
	c.Flags().StringVar(&claims, "claims", "", "try it on the claims in this JSON file, or - for standard input, instead of those kept")
	c.Flags().BoolVar(&kept, "kept", false, "with --claims: on those kept too")
	c.Flags().BoolVar(&reveal, "reveal", false, "show values as they are; the audit log has it")
	return c
}

// trial puts a file's schema and mapping into the API's words.
func trial(is chosen) admin.Trial {
	t := admin.Trial{Schema: &admin.Schema{Required: is.pool.Attributes.Required}, Mapping: []admin.Rule{}}
	for _, a := range is.pool.Attributes.Custom {
		t.Schema.Custom = append(t.Schema.Custom, admin.Attribute{Name: a.Name, Type: a.Type, MaxLength: a.MaxLength, Immutable: a.Immutable})
	}
	for _, r := range is.provider.Mapping {
		t.Mapping = append(t.Mapping, admin.Rule{
			Attribute: r.Attribute, From: r.From, Expr: r.Expr, Value: r.Value, Default: r.Default, OnMissing: r.OnMissing,
			Write: r.Write, Split: r.Split, TrustVerification: r.TrustVerification,
		})
	}
	return t
}

// maxClaimsFile bounds a file of claims, in bytes; the API takes no more.
const maxClaimsFile = 1 << 20

// readClaims reads one JSON object, a list of them, or one in each line.
func readClaims(in io.Reader, name string) ([]json.RawMessage, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, &statusError{exitUsage, err}
		}
		defer f.Close()
		in = f
	}
	wrong := func(format string, args ...any) ([]json.RawMessage, error) {
		return nil, &statusError{exitUsage, fmt.Errorf(format, args...)}
	}
	text, err := io.ReadAll(io.LimitReader(in, maxClaimsFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxClaimsFile:
		return wrong("%s: more than 1 MiB of claims; try fewer people at once", name)
	}
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		decoder := json.NewDecoder(bytes.NewReader(text))
		for list = nil; ; {
			var one json.RawMessage
			err := decoder.Decode(&one)
			if err == io.EOF {
				break
			}
			if err != nil {
				return wrong("%s: after %s: %v", name, count(len(list), "object"), err)
			}
			list = append(list, one)
		}
	}
	for i, one := range list {
		if text := bytes.TrimSpace(one); len(text) == 0 || text[0] != '{' {
			return wrong("%s: number %d is no JSON object of claims", name, i+1)
		}
	}
	if len(list) == 0 {
		return wrong("%s: there are no claims in it", name)
	}
	return list, nil
}

// writeTries writes whom the mapping touches, what matters most first, and a
// summary.
func writeTries(w io.Writer, p paint, tries admin.Tries) {
	longest := 0
	for _, t := range tries.People {
		for _, c := range t.Changes {
			longest = max(longest, cells(plain(c.Attribute)))
		}
	}
	for _, t := range tries.People {
		if t.Verdict == admin.Unchanged && len(t.Notes) == 0 {
			continue
		}
		mark := p.good()
		switch t.Verdict {
		case admin.Lost:
			mark = p.bad()
		case admin.Out, admin.Asked:
			mark = p.caution()
		}
		fmt.Fprintf(w, "%s %s %s\n", mark, plain(t.Person), t.Verdict)
		for _, why := range t.Stops {
			fmt.Fprintf(w, "    %s\n", plain(why))
		}
		if len(t.Asked) > 0 {
			fmt.Fprintf(w, "    for %s\n", plain(strings.Join(t.Asked, ", ")))
		}
		for _, c := range t.Changes {
			name := plain(c.Attribute)
			fmt.Fprintf(w, "    %s%s  %s → %s\n", name, strings.Repeat(" ", longest-cells(name)), orDash(plain(c.Old)), orDash(plain(c.New)))
		}
		for _, note := range t.Notes {
			fmt.Fprintf(w, "    note: %s\n", plain(note))
		}
	}
	fmt.Fprintln(w, trialSummary(tries))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// trialSummary is the whole in a sentence, such as: 48 people: 41 unchanged, 5 change
// family_name, 2 could not sign in.
func trialSummary(tries admin.Tries) string {
	n := len(tries.People)
	switch n {
	case 0:
		return "No claims of " + plain(tries.Provider) + " are kept yet. They are from the next sign-in on, unless the configuration says samples: {keep: 0}; --claims takes a file."
	case 1:
		return "1 person: " + strings.Join(parts(tries), ", ") + "."
	}
	return fmt.Sprintf("%d people: %s.", n, strings.Join(parts(tries), ", "))
}

func parts(tries admin.Tries) (list []string) {
	add := func(n int, words string) {
		if n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, words))
		}
	}
	add(tries.Verdicts[admin.Unchanged], "unchanged")
	names := slices.SortedFunc(maps.Keys(tries.Changes), func(a, b string) int {
		if d := tries.Changes[b] - tries.Changes[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		if len(names) > 1 {
			names[i] = fmt.Sprintf("%s %d", plain(name), tries.Changes[name])
		}
	}
	what := strings.Join(names, ", ")
	if len(names) > 1 {
		what = "(" + what + ")"
	}
	verb := "change "
	if tries.Verdicts[admin.Changed] == 1 {
		verb = "changes "
	}
	add(tries.Verdicts[admin.Changed], verb+what)
	add(tries.Verdicts[admin.Newcomer], "new")
	add(tries.Verdicts[admin.Asked], "would be asked")
	add(tries.Verdicts[admin.Out], "could not sign in, as now")
	add(tries.Lost, "could not sign in any more")
	return list
}
