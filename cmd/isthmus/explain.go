package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/signin"
	"github.com/isthmus-hub/isthmus/web/admin"
)

func explainCommand() *cobra.Command {
	var t target
	var o output
	var filter signin.TraceFilter
	var limit int
	c := &cobra.Command{
		Use:   "explain [ID]",
		Short: "Say why a sign-in stopped, and what mends it",
		Long: `Say why a sign-in stopped, and what mends it. The ID is the code on the page
that the person saw; capitals and the dash do not matter.

Without an ID it lists the sign-ins that stopped lately.`,
		Example: `  isthmus explain K7QF-2M9X
  isthmus explain --provider CorporateID --limit 10`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return t.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
					list, err := client.Traces(c.Context(), pool, filter, "", limit)
					if err != nil {
						return refused(err)
					}
					return o.write(c.OutOrStdout(), admin.Traces{Traces: list.Traces}, func(w io.Writer) { writeTraces(w, list.Traces) })
				})
			}
			id, ok := hub.ParseTraceID(args[0])
			if !ok {
				return &statusError{exitUsage, fmt.Errorf("%q is not an id; one has eight letters and digits, such as K7QF-2M9X", plain(args[0]))}
			}
			return t.connect(c.Context(), c.ErrOrStderr(), func(client *admin.Client) error {
				trace, err := findTrace(c, client, t.pool, id)
				if err != nil {
					return err
				}
				return o.write(c.OutOrStdout(), trace, func(w io.Writer) { writeTrace(w, painted(c.OutOrStdout()), trace) })
			})
		},
	}
	t.flags(c)
	t.poolFlag(c)
	o.flag(c)
	c.Flags().StringVar(&filter.Provider, "provider", "", "list only what stopped at this provider")
	c.Flags().StringVar(&filter.Client, "client", "", "list only what stopped on the way to this client")
	c.Flags().StringVar((*string)(&filter.Reason), "reason", "", "list only what stopped for this reason")
	c.Flags().IntVar(&limit, "limit", 20, "list so many at most")
	return c
}

// findTrace looks in one pool, or in every pool if none is named.
func findTrace(c *cobra.Command, client *admin.Client, pool, id string) (admin.Trace, error) {
	pools, err := client.Pools(c.Context())
	if err != nil {
		return admin.Trace{}, err
	}
	for _, p := range pools {
		if pool != "" && pool != p.Name {
			continue
		}
		trace, err := client.Trace(c.Context(), p.Name, id)
		if e, ok := errors.AsType[*admin.Error](err); !ok || e.Code != "no_such_trace" {
			return trace, err
		}
	}
	return admin.Trace{}, fmt.Errorf("nothing is kept about a sign-in %s. Explanations are kept for 30 days; the hub's log has older ones under trace=%s", id, id)
}

// writeTrace tells a stopped sign-in: a line of who and when, its steps, why it
// stopped, and what to do.
func writeTrace(w io.Writer, p paint, t admin.Trace) {
	head := []string{"Sign-in " + t.ID, "pool " + plain(t.Pool)}
	if t.Client != "" {
		head = append(head, "client "+plain(t.Client))
	}
	if t.Provider != "" {
		head = append(head, "provider "+plain(t.Provider))
	}
	fmt.Fprintln(w, strings.Join(append(head, moment(t.Time)), " · "))
	for _, s := range t.Steps {
		mark := p.good()
		if !s.OK {
			mark = p.bad()
		}
		fmt.Fprintf(w, "  %s %-14s %s\n", mark, plain(s.Name), plain(s.Detail))
	}
	if len(t.Claims) > 0 {
		sent := make([]string, len(t.Claims))
		for i, c := range t.Claims {
			sent[i] = plain(c.Name) + " " + plain(c.Value)
		}
		fmt.Fprintf(w, "Sent   %s\n", strings.Join(sent, " · "))
	}
	fmt.Fprintf(w, "Why    %s%s\n", plain(t.Why), others(t.Alike))
	fmt.Fprintf(w, "Mend   %s\n", plain(t.Mend))
	if t.Reason == string(signin.Internal) {
		fmt.Fprintf(w, "Log    request id %s\n", plain(t.RequestID))
	}
}

// others says how many more sign-ins met the same end.
func others(a signin.Alike) string {
	switch a.Others {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(" Another sign-in stopped like this, at %s.", minute(a.First))
	}
	return fmt.Sprintf(" %d others stopped like this, from %s to %s.", a.Others, minute(a.First), minute(a.Last))
}

func writeTraces(w io.Writer, traces []hub.Trace) {
	if len(traces) == 0 {
		fmt.Fprintln(w, "No sign-in has stopped in the last 30 days.")
		return
	}
	rows := make([][]string, len(traces))
	for i, t := range traces {
		rows[i] = []string{t.ID, minute(t.Time), t.Client, t.Provider, t.Reason, t.Why}
	}
	writeTable(w, []column{{"ID", false}, {"TIME (UTC)", false}, {"CLIENT", true}, {"PROVIDER", true}, {"REASON", false}, {"WHY", true}}, rows)
}
