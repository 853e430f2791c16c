package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
)

// checked is the verdict on a file, for programs.
type checked struct {
	File      string    `json:"file"`
	OK        bool      `json:"ok"`
	Pools     int       `json:"pools"`
	Providers int       `json:"providers"`
	Clients   int       `json:"clients"`
	Migrating int       `json:"migrating,omitempty"` // pools with a migration
	Problems  []problem `json:"problems"`
	Warnings  []problem `json:"warnings"`
}

// problem is one of config's, without the excerpt that is for people.
type problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func checkCommand() *cobra.Command {
	var path string
	var o output
	c := &cobra.Command{
		Use:   "check",
		Short: "Is the configuration file right? Nothing is started or asked",
		Long: `Check a configuration file: everything that a hub would refuse to start with, at
once, with line, column and what would be right. Nothing is started, no provider
is asked, no store is opened. isthmus doctor does that too.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := readConfig(path)
			problems, wrong := errors.AsType[config.Problems](err)
			if err != nil && !wrong {
				return err
			}
			if wrong && o.format == "table" {
				return &statusError{exitUsage, err}
			}
			v := verdict(path, cfg, problems)
			err = o.write(c.OutOrStdout(), v, func(w io.Writer) {
				if len(cfg.Warnings) > 0 {
					fmt.Fprintln(w, cfg.Warnings.List())
				}
				fmt.Fprintln(w, v)
			})
			if err == nil && wrong {
				return &statusError{exitUsage, errors.New("")} // it has been said
			}
			return err
		},
	}
	configFlag(c, &path)
	o.flag(c)
	return c
}

// readConfig reads a configuration and makes of it what can be made without
// asking anybody.
func readConfig(path string) (*config.Config, error) {
	cfg, err := config.Load(path, config.Environment{})
	if err != nil {
		return nil, err
	}
	if _, err := run.Upstreams(cfg); err != nil {
		return nil, &statusError{exitUsage, fmt.Errorf("%s: %w", path, err)}
	}
	if err := run.Folders(cfg); err != nil {
		return nil, &statusError{exitUsage, fmt.Errorf("%s: %w", path, err)}
	}
	return cfg, nil
}

func verdict(path string, cfg *config.Config, problems config.Problems) checked {
	v := checked{File: path, OK: cfg != nil, Problems: forPrograms(problems), Warnings: []problem{}}
	if cfg == nil {
		return v
	}
	v.Warnings = forPrograms(cfg.Warnings)
	v.Pools = len(cfg.Pools)
	for _, p := range cfg.Pools {
		v.Providers += len(p.Providers)
		v.Clients += len(p.Clients)
		if p.Migration.HTTP != nil || p.Migration.Cognito != nil {
			v.Migrating++
		}
	}
	return v
}

// String is the verdict in a sentence.
func (v checked) String() string {
	s := fmt.Sprintf("%s is right: %s, %s, %s", v.File, count(v.Pools, "pool"), count(v.Providers, "provider"), count(v.Clients, "client"))
	if v.Migrating > 0 {
		s += ", " + count(v.Migrating, "migration")
	}
	if n := len(v.Warnings); n > 0 {
		s += ", " + count(n, "warning")
	}
	return s + "."
}

func forPrograms(ps config.Problems) []problem {
	list := make([]problem, len(ps))
	for i, p := range ps {
		list[i] = problem{p.File, p.Line, p.Column, p.Path, p.Message, p.Hint}
	}
	return list
}
