package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/roster"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// userImport is the verb that takes a file of people into a pool.
type userImport struct {
	poolVerb
	dry, trust        bool
	report, passwords string // paths
	header            bool
}

func userImportCommand() *cobra.Command {
	var v userImport
	c := v.command(&cobra.Command{
		Use:   "import FILE.csv",
		Short: "Take people from a file with Cognito's import header into a pool",
		Long: `Take people from a CSV file into a pool. The file is in UTF-8, has one row a person,
and its first line names columns of Cognito's import header in any order;
cognito:username must be among them. --header prints the header for this pool.

Rows are taken in batches. Who is there already is skipped and never changed, so
the same file may be given again: after a mend of the refused rows, or after it
was stopped. Addresses count as not verified unless --trust-verified is given.
cognito:mfa_enabled is read and told of, but not taken over.

A file holds no passwords. People get the status RESET_REQUIRED, and until they
have a password here nobody can sign in as one of them, save
  - with the old one, if the pool's migration asks the system they come from;
  - with a temporary one: --temporary-passwords FILE makes one for each, writes
    them to that file, which only you can read, and sets FORCE_CHANGE_PASSWORD.
    Given later, it does so for people imported before who have none yet.

The exit status is 0 when every row is in, 1 when some were refused, and 2 when
the file is not one that can be read to its end.`,
		Example: `  isthmus user import --header > people.csv
  isthmus user import people.csv --dry-run --report judged.csv
  isthmus user import people.csv --temporary-passwords passwords.csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if v.header != (len(args) == 0) {
				return &statusError{exitUsage, errors.New("give one file, or --header alone")}
			}
			v.makes = !v.header && !v.dry
			return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				form, err := client.ImportForm(c.Context(), pool)
				if err != nil {
					return err
				}
				if v.header {
					_, err := fmt.Fprintln(c.OutOrStdout(), strings.Join(form.Columns, ","))
					return err
				}
				return v.run(c, client, pool, args[0], form)
			})
		},
	})
	flags := c.Flags()
	flags.BoolVar(&v.header, "header", false, "print the header of a file for this pool")
	flags.BoolVar(&v.trust, "trust-verified", false, "take the file's email_verified and phone_number_verified")
	flags.StringVar(&v.report, "report", "", "write what became of each row to this file, as CSV")
	flags.StringVar(&v.passwords, "temporary-passwords", "", "make temporary passwords and append them to this file, as CSV")
	dryFlag(c, &v.dry)
	c.MarkFlagsMutuallyExclusive("header", "dry-run")
	return c
}

func (v *userImport) run(c *cobra.Command, client *admin.Client, pool, path string, form admin.ImportForm) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return &statusError{exitUsage, err}
	}
	defer file.Close()
	x := &importing{
		v: v, client: client, pool: pool, started: time.Now(), seen: map[uint64]int{},
		sum: importSum{Pool: pool, File: path, DryRun: v.dry, Refusals: []importRefusal{}}, bar: newProgress(c.ErrOrStderr(), file),
	}
	if x.rows, err = roster.NewReader(file, form.Columns); err != nil {
		return badFile(c.Context(), path, v.dry, err)
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := x.open(info); err != nil {
		return errors.Join(err, x.close())
	}
	err = x.all(c.Context())
	x.bar.end()
	if err = errors.Join(err, x.close()); err != nil && x.sum.Rows == 0 {
		return badFile(c.Context(), path, v.dry, err)
	}
	x.sum.count(time.Since(x.started))
	x.sum.Complete = err == nil
	if said := v.write(c.OutOrStdout(), x.sum, func(w io.Writer) { x.sum.print(w, v, form) }); said != nil {
		return errors.Join(err, said)
	}
	switch {
	case err != nil:
		return badFile(c.Context(), path, v.dry, err)
	case x.sum.Refused > 0:
		return &statusError{exitFailure, errors.New("")} // it has been said
	}
	return nil
}

// badFile names the file in an error, and gives what is wrong with the file its
// exit status.
func badFile(ctx context.Context, path string, dry bool, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: stopped; the same command goes on where it was", path)
	}
	if e, ok := errors.AsType[*roster.FileError](err); ok {
		if e.Line > 1 && !dry {
			err = fmt.Errorf("%w; the rows before it are in", err)
		}
		return &statusError{exitUsage, fmt.Errorf("%s: %w", path, err)}
	}
	return refused(fmt.Errorf("%s: %w", path, err))
}
