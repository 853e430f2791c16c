package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/web/page"
)

func brandingCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "branding",
		Short: "Write the templates and texts of the pages, to change them",
	}, &cobra.Command{
		Use:   "export DIR",
		Short: "Write the built-in templates, texts and assets into a new folder",
		Long: `Write the built-in templates, texts and assets into a new folder, to start one
for branding.folder from. What you do not change, delete: a file that is not there
stays as it is built in, and follows it. isthmus help templates says how.`,
		Example: "  isthmus branding export theme",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			n, err := exportBranding(args[0])
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "%s is written: %s.\n", args[0], count(n, "file"))
			}
			return err
		},
	})
}

// exportBranding writes the sources of the pages into a folder that does not exist
// or is empty.
func exportBranding(dir string) (files int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if len(entries) > 0 {
		return 0, &statusError{exitUsage, fmt.Errorf("%s is not empty; name a new folder, so that nothing of yours is written over", dir)}
	}
	sources := page.Sources()
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return 0, err
		}
		if err := os.WriteFile(path, sources[name], 0o644); err != nil {
			return 0, err
		}
	}
	return len(sources), nil
}
