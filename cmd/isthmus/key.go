package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/web/admin"
)

func keyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "key",
		Short: "List and rotate a pool's signing keys",
		Long: `List and rotate a pool's signing keys.

They turn by themselves every 90 days. A new key is published before it signs, so
that apps know it by then; an old one stays published until the last token it
signed has ended.`,
	}
	return group(c, keyListCommand(), keyRotateCommand())
}

func keyListCommand() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{
		Use:   "list",
		Short: "List a pool's signing keys",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return t.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				keys, err := client.Keys(c.Context(), pool)
				if err != nil {
					return refused(err)
				}
				return o.write(c.OutOrStdout(), admin.Keys{Keys: keys}, func(w io.Writer) { writeKeys(w, keys) })
			})
		},
	}
	t.flags(c)
	t.poolFlag(c)
	o.flag(c)
	return c
}

func keyRotateCommand() *cobra.Command {
	var t target
	var o output
	var now, dry bool
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Publish a new signing key",
		Long: `Publish a new signing key. It signs after a quarter of an hour, when every app
has had the time to see it.

With --now it signs at once. Apps that keep the old set of keys will refuse new
tokens until they look again; use it when the old key must not sign any longer.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return t.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) (err error) {
				var keys []admin.Key
				said := "A new key is published and signs in a quarter of an hour."
				if now {
					said = "A new key signs from now on; the one before it stays published."
				}
				if dry {
					said = "A new key would be made, as these are; nothing was changed."
					keys, err = client.Keys(c.Context(), pool)
				} else {
					keys, err = client.RotateKeys(c.Context(), pool, now)
				}
				if err != nil {
					return refused(err)
				}
				return o.write(c.OutOrStdout(), admin.Keys{Keys: keys}, func(w io.Writer) {
					writeKeys(w, keys)
					fmt.Fprintln(w, said)
				})
			})
		},
	}
	t.flags(c)
	t.poolFlag(c)
	o.flag(c)
	c.Flags().BoolVar(&now, "now", false, "the new key signs at once")
	dryFlag(c, &dry)
	return c
}

func writeKeys(w io.Writer, keys []admin.Key) {
	rows := make([][]string, len(keys))
	for i, k := range keys {
		rows[i] = []string{k.ID, k.Algorithm, k.State, date(k.Created), date(k.Activated), date(k.Retired)}
	}
	writeTable(w, []column{{"KEY", true}, {"ALG", false}, {"STATE", false}, {"CREATED", false}, {"SIGNS SINCE", false}, {"RETIRED", false}}, rows)
}
