package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/demo"
)

// demoFlags are the choices of the verb.
type demoFlags struct {
	options demo.Options
	ports   string
	fault   string
	json    bool
	verbose bool
}

func demoCommand() *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run two linked pools and two apps on this machine, ready to click",
		Long: `Run two linked pools and two apps on this machine, ready to click, until it is
interrupted. Nothing is kept, unless --data names a folder.

Faults break one thing on purpose, to see how it explains itself:
` + faultList(),
		Example: `  isthmus demo
  isthmus demo --fault wrong-secret
  isthmus demo --custom-ui
  isthmus demo --ports auto --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	flags, usual := c.Flags(), demo.UsualPorts
	flags.StringVar(&f.options.Data, "data", "", "keep everything in this folder, and go on from what is there")
	flags.IntVar(&f.options.Ports.Master, "master-port", 0, fmt.Sprintf("port of the master pool (default %d)", usual.Master))
	flags.IntVar(&f.options.Ports.Corporate, "corporate-port", 0, fmt.Sprintf("port of the corporate pool (default %d)", usual.Corporate))
	flags.IntVar(&f.options.Ports.App, "app-port", 0, fmt.Sprintf("port of the app (default %d)", usual.App))
	flags.IntVar(&f.options.Ports.Travel, "travel-port", 0, fmt.Sprintf("port of the second app (default %d)", usual.Travel))
	flags.IntVar(&f.options.Ports.Login, "login-port", 0, fmt.Sprintf("port of the login application of --custom-ui (default %d)", usual.Login))
	flags.BoolVar(&f.options.CustomUI, "custom-ui", false, "a login application of one's own in place of the master pool's pages")
	flags.StringVar(&f.ports, "ports", "", `"auto" takes free ports instead of the defaults`)
	flags.StringVar(&f.fault, "fault", "", "break something: one of the names above")
	flags.BoolVar(&f.json, "json", false, "print one line of JSON for programs when everything answers")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log every request")
	return c
}

func faultList() string {
	var b strings.Builder
	for _, f := range demo.Faults {
		fmt.Fprintf(&b, "\n  %-19s%s\n  %-19sYou see %s.", f.Name, f.What, "", f.See)
	}
	return b.String()
}

func (f *demoFlags) run(ctx context.Context, out, errOut io.Writer) (err error) {
	if f.options.Fault, err = demo.ParseFault(f.fault); err != nil {
		return &statusError{exitUsage, err}
	}
	switch f.ports {
	case "":
	case "auto":
		f.options.Auto = true
	default:
		return &statusError{exitUsage, fmt.Errorf("--ports %q: it is auto or nothing; single ports have flags of their own", f.ports)}
	}
	f.options.Log = demo.Narrator(errOut)
	if f.verbose {
		handler := slog.NewTextHandler(errOut, nil)
		f.options.Log = func(pool, _ string) slog.Handler { return handler.WithAttrs([]slog.Attr{slog.String("hub", pool)}) }
	}
	d, err := demo.Start(ctx, f.options)
	if ctx.Err() != nil && d == nil {
		return nil // interrupted before anything was ready
	}
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		err = errors.Join(err, d.Close(end))
	}()
	if f.json {
		err = d.PrintJSON(out)
	} else {
		err = d.Print(ctx, out)
	}
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
