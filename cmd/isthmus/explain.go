package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
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
			if limit < 1 || limit > 1000 {
				return &statusError{exitUsage, fmt.Errorf("--limit %d: it is a number from 1 to 1000", limit)}
			}
			if len(args) == 0 {
				return t.connect(c.Context(), c.ErrOrStderr(), func(client *admin.Client) error {
					traces, err := t.listTraces(c, client, filter, limit)
					if err != nil {
						return refused(err)
					}
					return o.write(c.OutOrStdout(), admin.Traces{Traces: traces}, func(w io.Writer) { writeTraces(w, traces) })
				})
			}
			id, ok := hub.ParseTraceID(args[0])
			if !ok {
				return &statusError{exitUsage, fmt.Errorf("%q is not an id; one has eight letters and digits, such as K7QF-2M9X", plain(args[0]))}
			}
			return t.connect(c.Context(), c.ErrOrStderr(), func(client *admin.Client) error {
				trace, err := t.findTrace(c, client, id)
				if err != nil {
					return err
				}
				return o.write(c.OutOrStdout(), trace, func(w io.Writer) { writeTrace(w, painted(c.OutOrStdout()), trace) })
			})
		},
	}
	t.flags(c)
	c.Flags().StringVarP(&t.pool, "pool", "p", "", "look in this pool only")
	o.flag(c)
	c.Flags().StringVar(&filter.Provider, "provider", "", "list only what stopped at this provider")
	c.Flags().StringVar(&filter.Client, "client", "", "list only what stopped on the way to this client")
	c.Flags().StringVar((*string)(&filter.Reason), "reason", "", "list only what stopped for this reason")
	c.Flags().IntVar(&limit, "limit", 20, "list so many at most")
	return c
}

// listTraces lists what stopped lately in one pool, or in every pool if none is
// named, the newest first.
func (t *target) listTraces(c *cobra.Command, client *admin.Client, f signin.TraceFilter, limit int) ([]hub.Trace, error) {
	pools, err := t.pools(c.Context(), client)
	if err != nil {
		return nil, err
	}
	traces := []hub.Trace{}
	for _, pool := range pools {
		page, err := client.Traces(c.Context(), pool, f, "", limit)
		if err != nil {
			return nil, err
		}
		traces = append(traces, page.Traces...)
	}
	slices.SortStableFunc(traces, func(a, b hub.Trace) int { return b.Time.Compare(a.Time) })
	return traces[:min(limit, len(traces))], nil
}

// findTrace looks in one pool, or in every pool if none is named.
func (t *target) findTrace(c *cobra.Command, client *admin.Client, id string) (admin.Trace, error) {
	pools, err := t.pools(c.Context(), client)
	if err != nil {
		return admin.Trace{}, err
	}
	for _, pool := range pools {
		trace, err := client.Trace(c.Context(), pool, id)
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
		fmt.Fprintln(w, "No such sign-in has stopped in the last 30 days.")
		return
	}
	rows := make([][]string, len(traces))
	for i, t := range traces {
		rows[i] = []string{t.ID, minute(t.Time), t.Pool, t.Client, t.Provider, t.Reason}
	}
	writeTable(w, []column{{"ID", false}, {"TIME (UTC)", false}, {"POOL", true}, {"CLIENT", true}, {"PROVIDER", true}, {"REASON", false}}, rows)
}
