package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// plainArgs lets a verb say what is missing or too much on a command line, and
// where it can be read what is right.
func plainArgs(c *cobra.Command) {
	right := c.Args
	if right == nil || c.HasSubCommands() {
		return
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if right(c, args) == nil {
			return nil
		}
		return wrongArgs(c, args)
	}
}

// operands are the words that a verb takes besides flags, as its Use names them.
func operands(c *cobra.Command) []string {
	words := strings.Fields(c.Use)[1:]
	for i, word := range words {
		if strings.HasPrefix(word, "-") {
			return words[:i]
		}
	}
	return words
}

func wrongArgs(c *cobra.Command, args []string) error {
	wants := operands(c)
	if len(args) < len(wants) {
		return fmt.Errorf("%s: %s is missing\n%s", c.CommandPath(), strings.Join(wants[len(args):], " and "), readHelp(c))
	}
	return fmt.Errorf("%s: nothing is known of %q here\n%s", c.CommandPath(), args[len(wants)], readHelp(c))
}

// wrongFlag explains a flag that could not be read. A verb that is not there is
// named before the flags that came with it.
func wrongFlag(c *cobra.Command, err error) error {
	if c.HasSubCommands() && c.Args != nil {
		if wrong := c.Args(c, c.Flags().Args()); wrong != nil {
			return wrong
		}
	}
	if value, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		right := "a number"
		switch value.GetFlag().Value.Type() {
		case "bool":
			right = "true or false"
		case "duration":
			right = "a time such as 90s or 5m"
		}
		err = fmt.Errorf("--%s %q: it is %s", value.GetFlag().Name, value.GetValue(), right)
	}
	return fmt.Errorf("%w\n%s", err, readHelp(c))
}

func readHelp(c *cobra.Command) string { return c.CommandPath() + " --help says what there is" }

// helpVerb is cobra's help, which fails for what there is no help about.
func helpVerb(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() != "help" {
			continue
		}
		c.Run = nil
		c.RunE = func(_ *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			if err == nil && len(rest) > 0 && about.Args != nil {
				err = about.Args(about, rest)
			}
			if err != nil {
				return &statusError{exitUsage, err}
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		}
	}
}
