package main

import "github.com/spf13/cobra"

// root is the command without a verb: what the program is, and the verbs one
// needs first.
func root() *cobra.Command {
	c := &cobra.Command{
		Use:   "isthmus",
		Short: "Isthmus links user pools through OpenID Connect: one issuer for your apps, every sign-in behind it.",
		Long: `Isthmus links user pools through OpenID Connect: one issuer for your apps, every sign-in behind it.

  isthmus demo                     two linked pools and an app, ready to click
  isthmus serve -c isthmus.yaml    run a hub
  isthmus check -c isthmus.yaml    is the file right?
  isthmus doctor -c isthmus.yaml   and what do the providers say?
  isthmus explain K7QF-2M9X        why did that sign-in stop, and what mends it?`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
	}
	c.AddCommand(serveCommand(), demoCommand())
	return c
}

// configFlag is the -c that most verbs take.
func configFlag(c *cobra.Command, path *string) {
	c.Flags().StringVarP(path, "config", "c", "isthmus.yaml", "the configuration file")
}
