package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/hub/merge"
	"github.com/isthmus-hub/isthmus/web/admin"
)

func userExportCommand() *cobra.Command {
	var t target
	var passwords bool
	c := &cobra.Command{
		Use:   "export FILE",
		Short: "Write a pool's users to a file, one line of JSON each",
		Long: `Write a pool's users to a file, one line of JSON each, that isthmus merge plan takes.

The first line says of which pool. Passwords stay here unless --with-passwords is
given: then their hashes go along, and the file is to be kept as the store is.`,
		Example: `  isthmus user export old.jsonl -p old`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return t.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				terms, err := client.MergeTerms(c.Context(), pool)
				if err != nil {
					return refused(err)
				}
				f, done, err := newFile(args[0])
				if err != nil {
					return err
				}
				people := client.PeopleOf(c.Context(), merge.Origin{Name: pool}, passwords, true)
				n, err := merge.Export(f, merge.ExportHead{Pool: pool, Issuer: terms.Issuer, Passwords: passwords}, people.People)
				if err := done(err); err != nil {
					return refused(err)
				}
				with := "without passwords"
				if passwords {
					with = "with the hashes of their passwords"
				}
				fmt.Fprintf(c.OutOrStdout(), "Wrote %s of the pool %s to %s, %s.\n", count(n, "user"), pool, args[0], with)
				return nil
			})
		},
	}
	t.flags(c)
	t.poolFlag(c)
	c.Flags().BoolVar(&passwords, "with-passwords", false, "with the hashes of passwords")
	return c
}
