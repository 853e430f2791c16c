package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/web/admin"
)

func clientCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "client",
		Short: "List a pool's clients; let an app register itself, and delete it again",
		Long: `List a pool's clients; let an app register itself, and delete it again.

Clients are in the configuration, or they registered themselves (RFC 7591). They
can do that in a pool with  registration: {enabled: true}  alone, and each with a
token that is made here, serves once, and ends after a day. A client that
registered itself signs people in by every provider of the pool and learns who
they are; it gets no scope of an API.`,
	}
	return group(c, clientListCommand(), clientTokenCommand(), clientDeleteCommand())
}

func clientListCommand() *cobra.Command {
	var v poolVerb
	return v.command(&cobra.Command{
		Use:   "list",
		Short: "List a pool's clients, of the file and registered",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				clients, err := client.Clients(c.Context(), pool)
				if err != nil {
					return refused(err)
				}
				return v.write(c.OutOrStdout(), admin.Apps{Clients: clients}, func(w io.Writer) { writeClients(w, clients) })
			})
		},
	})
}

func writeClients(w io.Writer, clients []admin.App) {
	rows := make([][]string, len(clients))
	for i, a := range clients {
		rows[i] = []string{a.ID, a.Name, a.Source, date(a.Created), strings.Join(a.CallbackURLs, " ")}
	}
	writeTable(w, []column{{"CLIENT", true}, {"NAME", true}, {"SOURCE", false}, {"CREATED", false}, {"CALLBACK URLS", true}}, rows)
}

func clientTokenCommand() *cobra.Command {
	var v poolVerb
	return v.command(&cobra.Command{
		Use:   "registration-token",
		Short: "Make a token that lets one app register itself, within a day",
		Long: `Make a token that lets one app register itself, within a day. It is printed this
once; whoever has it may use it, so give it to nobody but the app's owner.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				made, err := client.OpenRegistration(c.Context(), pool)
				if err != nil {
					return refused(err)
				}
				return v.write(c.OutOrStdout(), made, func(w io.Writer) {
					fmt.Fprintf(w, "One app may register itself in the pool %s at %s until %s, with this token:\n  %s\n",
						pool, made.Endpoint, moment(made.Expires), made.Token)
				})
			})
		},
	})
}

func clientDeleteCommand() *cobra.Command {
	var v poolVerb
	var yes, dry bool
	c := v.command(&cobra.Command{
		Use:   "delete CLIENT",
		Short: "Delete a client that registered itself; asks for the id again",
		Long: `Delete a client that registered itself. It signs nobody in any more, and the tokens
it holds are worth nothing to the hub.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				a, err := registeredClient(c, client, pool, args[0])
				if err != nil {
					return err
				}
				said := fmt.Sprintf("The client %s (%s) of the pool %s is deleted.", plain(a.ID), plain(a.Name), pool)
				switch {
				case dry:
					said = fmt.Sprintf("The client %s (%s) of the pool %s would be deleted; nothing was changed.", plain(a.ID), plain(a.Name), pool)
				case !yes:
					if err := confirmClient(c, a, pool); err != nil {
						return err
					}
				}
				if !dry {
					if a, err = client.DeleteClient(c.Context(), pool, a.ID); err != nil {
						return refused(err)
					}
				}
				return v.write(c.OutOrStdout(), a, func(w io.Writer) { fmt.Fprintln(w, said) })
			})
		},
	})
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	dryFlag(c, &dry)
	return c
}

// registeredClient finds the client that is named, if it is one to delete.
func registeredClient(c *cobra.Command, client *admin.Client, pool, id string) (admin.App, error) {
	clients, err := client.Clients(c.Context(), pool)
	if err != nil {
		return admin.App{}, refused(err)
	}
	for _, a := range clients {
		switch {
		case a.ID != id:
		case a.Source == admin.SourceFile:
			return admin.App{}, fmt.Errorf("the client %q is in the configuration of the pool %s; remove it there", id, pool)
		default:
			return a, nil
		}
	}
	return admin.App{}, fmt.Errorf("no client is registered as %q in the pool %s", id, pool)
}

// confirmClient has the client's id typed again.
func confirmClient(c *cobra.Command, a admin.App, pool string) error {
	fmt.Fprintf(c.ErrOrStderr(), "This deletes the client %s (%s) from the pool %s for good.\nType its id to go on: ", plain(a.ID), plain(a.Name), pool)
	return retyped(c, a.ID, "that is not the id; nothing was deleted (--yes deletes without asking)")
}
