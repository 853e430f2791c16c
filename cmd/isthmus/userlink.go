package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/web/admin"
)

// linkAct is a verb that joins an identity to a user, or takes it off.
type linkAct struct {
	use, short, long, example, done string
	do                              func(ctx context.Context, c *admin.Client, pool, sub string, l admin.NewLink) (admin.User, error)
}

var linkActs = []linkAct{
	{
		use: "link NAME", short: "Join an identity at a provider to a user, before its first sign-in", done: "linked",
		long: `Join an identity at a provider to a user, as Cognito's AdminLinkProviderForUser does.
From its next sign-in on it leads to this user. An identity that has signed in
already has a user of its own, which must be deleted first.`,
		example: "  isthmus user link ada --provider CorporateID --subject 248289761001",
		do: func(ctx context.Context, c *admin.Client, pool, sub string, l admin.NewLink) (admin.User, error) {
			return c.LinkUser(ctx, pool, sub, l)
		},
	},
	{
		use: "unlink NAME", short: "Take an identity at a provider off a user", done: "unlinked",
		long: `Take an identity at a provider off a user, and end the sessions that began with it.
Its next sign-in makes a user of its own. The last way in cannot be taken off.`,
		example: "  isthmus user unlink ada --provider CorporateID --subject 248289761001",
		do: func(ctx context.Context, c *admin.Client, pool, sub string, l admin.NewLink) (admin.User, error) {
			return c.UnlinkUser(ctx, pool, sub, l)
		},
	},
}

func userLinkCommand(a linkAct) *cobra.Command {
	var v poolVerb
	var l admin.NewLink
	var dry bool
	c := v.command(&cobra.Command{
		Use: a.use, Short: a.short, Long: a.long, Example: a.example,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if l.Provider == "" || l.Subject == "" {
				return &statusError{exitUsage, errors.New("--provider and --subject are both wanted")}
			}
			return v.each(c, args[0], func(client *admin.Client, pool string, u admin.User) (err error) {
				what := fmt.Sprintf("%s's subject %s", plain(l.Provider), plain(l.Subject))
				if dry {
					return v.say(c, u, "%s would be %s: %s of the pool %s (sub %s); nothing was changed.", what, a.done, plain(u.Username), pool, u.Sub)
				}
				if u, err = a.do(c.Context(), client, pool, u.Sub, l); err != nil {
					return refused(err)
				}
				return v.say(c, u, "%s is %s: %s of the pool %s (sub %s).", what, a.done, plain(u.Username), pool, u.Sub)
			})
		},
	})
	flags := c.Flags()
	flags.StringVar(&l.Provider, "provider", "", "the provider's name")
	flags.StringVar(&l.Subject, "subject", "", "the person's sub at the provider, to the letter")
	flags.StringVar(&l.Issuer, "issuer", "", "the issuer of the subject; the provider's, unless it is said")
	dryFlag(c, &dry)
	return c
}

func userDuplicatesCommand() *cobra.Command {
	var v poolVerb
	var limit int
	c := v.command(&cobra.Command{
		Use:   "duplicates",
		Short: "Find users who look like one person, and say why and what to do",
		Long: `Find users who look like one person: by one upstream identity under two providers,
by one e-mail address, by one name and one more thing. Each group says what is
proven and what is not, and with which commands it becomes one user. Nothing is
changed.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 1 || limit > 1000 {
				return &statusError{exitUsage, fmt.Errorf("--limit %d: it is a number of groups from 1 to 1000", limit)}
			}
			return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				d, err := client.Duplicates(c.Context(), pool, limit)
				if err != nil {
					return refused(err)
				}
				if err := v.write(c.OutOrStdout(), d, func(w io.Writer) { writeDuplicates(w, d.Duplicates) }); err != nil {
					return err
				}
				if d.More {
					fmt.Fprintf(c.ErrOrStderr(), "There are more than %d groups; mend these first, or raise --limit.\n", limit)
				}
				return nil
			})
		},
	})
	c.Flags().IntVar(&limit, "limit", 100, "how many groups at most")
	return c
}

func writeDuplicates(w io.Writer, list []admin.Duplicate) {
	if len(list) == 0 {
		fmt.Fprintln(w, "No two users look like one person.")
		return
	}
	for i, d := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: %s\n  %s %s\n", strings.ReplaceAll(d.Likeness, "_", " "), plain(d.Shared), d.Why, d.Proven)
		rows := make([][]string, len(d.Users))
		for i, u := range d.Users {
			var from []string
			for _, l := range u.Links {
				from = append(from, l.Provider)
			}
			verified := u.Attributes["email"]
			if u.Attributes["email_verified"] == "true" {
				verified += " (verified)"
			}
			rows[i] = []string{"", u.Username, state(u), verified, strings.Join(from, " "), date(u.Created)}
		}
		writeTable(w, []column{{"", false}, {"USERNAME", true}, {"STATUS", false}, {"EMAIL", true}, {"PROVIDERS", true}, {"CREATED", false}}, rows)
		if d.More {
			fmt.Fprintln(w, "  and others")
		}
		fmt.Fprintf(w, "  %s\n", plain(d.Advice))
		for _, command := range d.Commands {
			fmt.Fprintf(w, "    %s\n", plain(command))
		}
	}
}
