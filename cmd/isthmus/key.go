package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/web/admin"
)

func keyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "key",
		Short: "List, rotate and withdraw a pool's signing keys",
		Long: `List, rotate and withdraw a pool's signing keys.

They turn by themselves, every 90 days unless the file says otherwise. A new key
is published before it signs, so that apps know it by then; an old one stays
published until the last token it signed has ended. A key that somebody else may
have is withdrawn: then nothing that it signed is good any longer.`,
	}
	return group(c, keyListCommand(), keyRotateCommand(), keyWithdrawCommand())
}

func keyListCommand() *cobra.Command {
	var v poolVerb
	return v.command(&cobra.Command{
		Use:   "list",
		Short: "List a pool's signing keys",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				keys, err := client.Keys(c.Context(), pool)
				if err != nil {
					return refused(err)
				}
				return v.write(c.OutOrStdout(), admin.Keys{Keys: keys}, func(w io.Writer) { writeKeys(w, keys) })
			})
		},
	})
}

func keyRotateCommand() *cobra.Command {
	var v poolVerb
	var now, dry bool
	c := v.command(&cobra.Command{
		Use:   "rotate",
		Short: "Publish a new signing key",
		Long: `Publish a new signing key for each algorithm of the pool. It signs when every app
has had the time to see it: after a quarter of an hour, unless the file says
otherwise. Where a new key waits already, none is made.

With --now a new one signs at once. Apps that keep the old set of keys will refuse
new tokens until they look again; use it when the old key must not sign any
longer. What it has signed stays good: see isthmus key withdraw.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				keys, err := client.Keys(c.Context(), pool)
				if err != nil {
					return refused(err)
				}
				waits := !now && nextWaits(keys)
				said := "A new key is published; it signs when apps have had the time to see it."
				if now {
					said = "A new key signs from now on; the one before it stays published."
				}
				if waits {
					said = "A new key waits already, so none was made; it signs when apps have had the time to see it."
				}
				if dry && waits {
					said = "A new key waits already, so none would be made; nothing was changed."
				} else if dry {
					said = "A new key would be made, as these are; nothing was changed."
				} else if keys, err = client.RotateKeys(c.Context(), pool, now); err != nil {
					return refused(err)
				}
				return v.write(c.OutOrStdout(), admin.Keys{Keys: keys}, func(w io.Writer) {
					writeKeys(w, keys)
					fmt.Fprintln(w, said)
				})
			})
		},
	})
	c.Flags().BoolVar(&now, "now", false, "the new key signs at once")
	dryFlag(c, &dry)
	return c
}

// nextWaits is whether each algorithm that signs has a key that waits.
func nextWaits(keys []admin.Key) bool {
	states := map[string]bool{}
	for _, k := range keys {
		states[k.Algorithm+" "+k.State] = true
	}
	return !slices.ContainsFunc(keys, func(k admin.Key) bool { return k.State == "active" && !states[k.Algorithm+" next"] })
}

func keyWithdrawCommand() *cobra.Command {
	var v poolVerb
	var yes, dry bool
	c := v.command(&cobra.Command{
		Use:   "withdraw KEY",
		Short: "Withdraw a signing key at once, since somebody else may have it; asks for the id",
		Long: `Withdraw a signing key at once, because somebody else may have it.

It is not published any longer, and the hub accepts nothing that it signed: not
at userInfo, not at introspection. If it was the one that signs, another signs in
its place. People stay signed in, and refresh tokens stay good, so apps get new
tokens by refreshing.

Apps and APIs that verify tokens by themselves go on with the keys they fetched
last: for up to five minutes, if they heed what the hub tells them.

Keys are named by their id, which isthmus key list prints. Before an id that begins
with a dash put two dashes.`,
		Example: `  isthmus key withdraw -- -xK0…`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				keys, err := client.Keys(c.Context(), pool)
				if err != nil {
					return refused(err)
				}
				i := slices.IndexFunc(keys, func(k admin.Key) bool { return k.ID == args[0] })
				if i < 0 {
					return &statusError{exitUsage, fmt.Errorf("the pool %s has no key %q; nothing was withdrawn (isthmus key list prints the ids)", pool, args[0])}
				}
				said := fmt.Sprintf("The key %s is withdrawn; what it signed is good no longer.", args[0])
				switch {
				case dry:
					said = fmt.Sprintf("The key %s would be withdrawn from these; nothing was changed.", args[0])
				case !yes:
					if err := confirmKey(c, keys[i], pool); err != nil {
						return err
					}
				}
				if !dry {
					if keys, err = client.WithdrawKey(c.Context(), pool, args[0]); err != nil {
						return refused(err)
					}
				}
				return v.write(c.OutOrStdout(), admin.Keys{Keys: keys}, func(w io.Writer) {
					writeKeys(w, keys)
					fmt.Fprintln(w, said)
				})
			})
		},
	})
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	dryFlag(c, &dry)
	return c
}

// confirmKey has the key's id typed again.
func confirmKey(c *cobra.Command, k admin.Key, pool string) error {
	fmt.Fprintf(c.ErrOrStderr(), "This withdraws the %s key %s (%s) from the pool %s for good; every token it signed ends now.\nType the key's id to go on: ",
		k.Algorithm, k.ID, k.State, pool)
	return retyped(c, k.ID, "that is not the id; nothing was withdrawn (--yes withdraws without asking)")
}

func writeKeys(w io.Writer, keys []admin.Key) {
	rows := make([][]string, len(keys))
	for i, k := range keys {
		rows[i] = []string{k.ID, k.Algorithm, k.State, date(k.Created), date(k.Activated), date(k.Retired)}
	}
	writeTable(w, []column{{"KEY", true}, {"ALG", false}, {"STATE", false}, {"CREATED", false}, {"SIGNS SINCE", false}, {"RETIRED", false}}, rows)
}
