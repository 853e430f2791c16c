package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

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
	}
	group(c, serveCommand(), demoCommand(), checkCommand(), doctorCommand(), explainCommand(), mappingCommand(), reloadCommand(),
		userCommand(), mergeCommand(), logoutCommand(), clientCommand(), providerCommand(), buttonCommand(), keyCommand(), configCommand(), brandingCommand(),
		versionCommand())
	c.AddCommand(topics()...)
	c.Run = func(c *cobra.Command, _ []string) {
		fmt.Fprintln(c.OutOrStdout(), c.Long+"\n\nAll verbs and topics: isthmus help")
	}
	c.SetFlagErrorFunc(wrongFlag)
	helpVerb(c)
	return c
}

// group gives a command its verbs. By itself it tells of them; a verb that it
// does not have is an error.
func group(c *cobra.Command, verbs ...*cobra.Command) *cobra.Command {
	for _, verb := range verbs {
		plainArgs(verb)
	}
	c.AddCommand(verbs...)
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		text := fmt.Sprintf("there is no %q under %s", args[0], c.CommandPath())
		c.SuggestionsMinimumDistance = 2
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			text += "; did you mean " + strings.Join(near, " or ") + "?"
		}
		program, verb, _ := strings.Cut(c.CommandPath(), " ")
		return fmt.Errorf("%s\n%s lists what there is", text, strings.TrimSpace(program+" help "+verb))
	}
	c.Run = func(c *cobra.Command, _ []string) { _ = c.Help() }
	return c
}

// configFlag is the -c that most verbs take.
func configFlag(c *cobra.Command, path *string) {
	c.Flags().StringVarP(path, "config", "c", "isthmus.yaml", "the configuration file")
}
