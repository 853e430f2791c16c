package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/web/admin"
)

// logoutVerb is what the verbs about logouts have in common: they look in every
// pool, unless one is named.
type logoutVerb struct {
	target
	output
	json bool
}

func logoutCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "logout",
		Short: "What signing out ends, and who was told: list, show, watch; and a rehearsal of it",
		Long: `What signing out ends, and who was told

An app sends the browser to /logout of its pool, with client_id and logout_uri,
which must be one of the client's logout_urls or callback_urls to the letter; or as
OpenID Connect has it, with id_token_hint and post_logout_redirect_uri. A session
also ends when its provider says so, when an administrator signs the person out,
disables or deletes her, when somebody else signs in on the same browser, and, in a
pool with logout: {on_expiry: true}, when it is old.

With the session ends what came of it: codes, refresh tokens and, wherever the hub
is asked, access tokens. A client with tokens: {at_logout: keep} keeps its refresh
tokens, unless an administrator was it. An API that verifies access tokens by itself
takes them until they expire. A session that has merely grown old ends nothing else:
a later sign-out still reaches its apps.

Then everybody hears of it who has a part in the session:

  back channel    the hub posts a logout token to the client's
                  backchannel_logout_uri, again and again until the pool's
                  logout: {deadline: 24h}; 400 is the app's no, and final
  front channel   the person's browser, if it is there, loads the client's
                  frontchannel_logout_uri; no browser tells what came of it
  browser         the person is sent to the provider's end_session_endpoint and
                  comes back, unless it has none (isthmus doctor says) or the
                  configuration has logout: never

Each logout leaves a record of who was told, how, when, and what came of it. It is
kept for 30 days and has the id of the session that ended. Six characters of the id
do, if no other of the latest has them; the lists show its last ones.

Before people sign out, isthmus logout test tries it: a made-up person is signed out
by each app, each provider, an administrator and by age, with scripted providers and
a scripted app at each logout URI, and it says who learned of it and how fast.`,
		Example: `  isthmus logout list --user ada --open
  isthmus logout show gVR7uW
  isthmus logout watch --json
  isthmus logout test -c isthmus.yaml`,
	}
	return group(c, logoutListCommand(), logoutShowCommand(), logoutWatchCommand(), logoutTestCommand())
}

// command makes a verb of v.
func (v *logoutVerb) command(c *cobra.Command) *cobra.Command {
	v.target.flags(c)
	c.Flags().StringVarP(&v.pool, "pool", "p", "", "look in this pool only")
	return c
}

// written makes a verb whose answer is written as a whole.
func (v *logoutVerb) written(c *cobra.Command) *cobra.Command {
	v.command(c)
	v.flag(c)
	c.Flags().BoolVar(&v.json, "json", false, "short for --output json")
	c.PreRunE = func(*cobra.Command, []string) error {
		if v.json {
			v.format = "json"
		}
		return v.check()
	}
	return c
}

func logoutListCommand() *cobra.Command {
	var v logoutVerb
	var filter admin.LogoutFilter
	var limit int
	c := v.written(&cobra.Command{
		Use:   "list",
		Short: "List the latest logouts: who, why, and how many know",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 0 {
				return &statusError{exitUsage, fmt.Errorf("--limit %d: it is a number of logouts, or 0 for all", limit)}
			}
			return v.connect(c.Context(), c.ErrOrStderr(), func(client *admin.Client) error {
				logouts, more, err := v.list(c, client, filter, limit)
				if err != nil {
					return refused(err)
				}
				if err := v.write(c.OutOrStdout(), admin.Logouts{Logouts: logouts}, func(w io.Writer) { writeLogouts(w, logouts, time.Now()) }); err != nil {
					return err
				}
				if more {
					fmt.Fprintf(c.ErrOrStderr(), "There are more than %d; --limit 0 lists all.\n", limit)
				}
				return nil
			})
		},
	})
	flags := c.Flags()
	flags.StringVar(&filter.User, "user", "", "list only this user's, by user name or sub")
	flags.StringVar(&filter.Client, "client", "", "list only those that this client had to hear of")
	flags.BoolVar(&filter.Open, "open", false, "list only those that somebody has still to hear of")
	flags.IntVar(&limit, "limit", 20, "how many at most; 0 lists all")
	return c
}

// list lists the logouts of one pool, or of every pool if none is named, the
// newest first. A user who is in none of them is an error.
func (v *logoutVerb) list(c *cobra.Command, client *admin.Client, f admin.LogoutFilter, limit int) (logouts []admin.Logout, more bool, err error) {
	pools, err := v.pools(c.Context(), client)
	if err != nil {
		return nil, false, err
	}
	logouts, strange := []admin.Logout{}, 0
	for _, pool := range pools {
		found, on, err := listLogouts(c, client, pool, f, limit)
		if e, ok := errors.AsType[*admin.Error](err); ok && e.Code == "no_such_user" {
			strange++
			continue
		}
		if err != nil {
			return nil, false, err
		}
		logouts, more = append(logouts, found...), more || on
	}
	if strange == len(pools) {
		return nil, false, fmt.Errorf("there is no user %q in %s", f.User, strings.Join(pools, ", "))
	}
	slices.SortStableFunc(logouts, func(a, b admin.Logout) int { return b.Begun.Compare(a.Begun) })
	if limit > 0 && len(logouts) > limit {
		logouts, more = logouts[:limit], true
	}
	return logouts, more, nil
}

// listLogouts reads page after page.
func listLogouts(c *cobra.Command, client *admin.Client, pool string, f admin.LogoutFilter, limit int) (logouts []admin.Logout, more bool, err error) {
	for after := ""; ; {
		n := 1000 // of a page at most
		if limit > 0 {
			n = min(n, limit-len(logouts))
		}
		page, err := client.Logouts(c.Context(), pool, f, after, n)
		if err != nil {
			return nil, false, err
		}
		logouts = append(logouts, page.Logouts...)
		if after = page.Next; after == "" || limit > 0 && len(logouts) >= limit {
			return logouts, after != "", nil
		}
	}
}

func writeLogouts(w io.Writer, logouts []admin.Logout, now time.Time) {
	if len(logouts) == 0 {
		fmt.Fprintln(w, "No such logout is kept; a record stays for 30 days.")
		return
	}
	several := slices.ContainsFunc(logouts, func(l admin.Logout) bool { return l.Pool != logouts[0].Pool })
	columns := []column{{"TIME (UTC)", false}, {"ID", false}, {"WHO", true}, {"WHY", true}, {"KNOW", false}, {"THE LAST AFTER", false}}
	if several {
		columns = slices.Insert(columns, 2, column{"POOL", true})
	}
	rows := make([][]string, len(logouts))
	for i, l := range logouts {
		rows[i] = []string{stamp(l.Begun, time.DateTime), shortID(l.ID), who(l), why(l), knowing(l), ending(l, now)}
		if several {
			rows[i] = slices.Insert(rows[i], 2, l.Pool)
		}
	}
	writeTable(w, columns, rows)
}

func logoutShowCommand() *cobra.Command {
	var v logoutVerb
	return v.written(&cobra.Command{
		Use:   "show ID",
		Short: "Show one logout: who was told, how, when, what came of it, and what mends it",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.connect(c.Context(), c.ErrOrStderr(), func(client *admin.Client) error {
				l, err := v.find(c, client, strings.TrimPrefix(args[0], "…"))
				if err != nil {
					return refused(err)
				}
				return v.write(c.OutOrStdout(), l, func(w io.Writer) { writeLogout(w, painted(c.OutOrStdout()), l, time.Now()) })
			})
		},
	})
}

// find looks in one pool, or in every pool if none is named.
func (v *logoutVerb) find(c *cobra.Command, client *admin.Client, id string) (admin.Logout, error) {
	pools, err := v.pools(c.Context(), client)
	if err != nil {
		return admin.Logout{}, err
	}
	for _, pool := range pools {
		l, err := client.Logout(c.Context(), pool, id)
		if e, ok := errors.AsType[*admin.Error](err); !ok || e.Code != "no_such_logout" {
			return l, err
		}
	}
	return admin.Logout{}, fmt.Errorf("no logout %s is kept; a record stays for 30 days (isthmus logout list shows the latest)", plain(id))
}
