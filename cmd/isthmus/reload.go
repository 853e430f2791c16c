package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/web/admin"
)

func reloadCommand() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{
		Use:   "reload",
		Short: "Let the running hub take up its changed configuration",
		Long: `Let the running hub take up its changed configuration: all of it or, if
anything in it is wrong, nothing. The hub reads the file it was started with, and
the environment it was started in. SIGHUP does the same.

A change of listeners, store, sealing key, sockets, outbound rules or log takes
effect at a restart only, and is refused here.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := t.running(c.Context())
			if errors.Is(err, admin.ErrNoServer) {
				return fmt.Errorf("%w; a hub reads its file when it starts", err)
			}
			if err != nil {
				return err
			}
			defer client.Close()
			done, err := client.Reload(c.Context())
			if err != nil {
				return refused(err)
			}
			return o.write(c.OutOrStdout(), done, func(w io.Writer) {
				for _, warning := range done.Warnings {
					fmt.Fprintln(w, warning)
				}
				fmt.Fprintf(w, "The configuration is taken up: %s.\n", count(len(done.Pools), "pool"))
			})
		},
	}
	t.flags(c)
	o.flag(c)
	return c
}
