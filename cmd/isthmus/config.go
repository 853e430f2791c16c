package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/config"
)

func configCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "config",
		Short: "Print an example of a configuration",
	}, &cobra.Command{
		Use:     "example",
		Short:   "Print a commented file that links two pools and shows every key",
		Example: "  isthmus config example > isthmus.yaml",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := io.WriteString(c.OutOrStdout(), config.Example)
			return err
		},
	})
}
