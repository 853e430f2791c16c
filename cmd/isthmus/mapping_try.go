package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/web/admin"
)

func mappingTryCommand() *cobra.Command {
	var v poolVerb
	var name, claims string
	var kept, reveal bool
	c := v.command(&cobra.Command{
		Use:   "try",
		Short: "What would a file's mapping make of those who signed in lately? Nothing is changed",
		Long: `Try a file's mapping on the claims that a provider sent lately: what it would
change of each person, who would be asked, and who could not sign in any more.
Nothing is changed. The claims are those that the running hub, or its store, keeps
of each provider (samples: in the configuration), or those of a JSON file: an
object, a list of them, or one in each line. Where no hub ever ran, a file of claims
is tried as if nobody were known yet.

Who is here already keeps a value that is not sent any more, and goes on. Where
somebody new would be stopped by the same claims, a note says so.

Values are shown masked; --output json has the sub of each user. --reveal shows them
as they are, and the audit log has it.

The exit status is 0 if nobody is shut out, 1 if somebody who can sign in now could
not any more, and 2 if the file is wrong.`,
		Example: `  isthmus mapping try -c new.yaml --provider CorporateID
  isthmus mapping try -c new.yaml --provider CorporateID --claims people.json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			is, err := v.choose(name)
			if err != nil {
				return err
			}
			t := trial(is)
			t.Kept, t.Reveal = claims == "" || kept, reveal
			if claims != "" {
				if t.Claims, err = readClaims(c.InOrStdin(), claims); err != nil {
					return err
				}
			}
			v.pool = is.pool.Name
			connect := v.connectPool
			if !t.Kept && v.unserved(c.Context(), is) {
				connect = is.empty
			}
			return connect(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				tries, err := client.TryMapping(c.Context(), pool, is.provider.Name, t)
				if e, ok := errors.AsType[*admin.Error](err); ok && e.Code == "no_such_provider" {
					return fmt.Errorf("the hub has no provider %q in the pool %s, so it keeps no claims of it", is.provider.Name, pool)
				}
				if err != nil {
					return refused(err)
				}
				err = v.write(c.OutOrStdout(), tries, func(w io.Writer) { writeTries(w, painted(c.OutOrStdout()), tries) })
				if err == nil && tries.Lost > 0 {
					return &statusError{exitFailure, errors.New("")} // it has been said
				}
				return err
			})
		},
	})
	providerFlag(c, &name)
	c.Flags().StringVar(&claims, "claims", "", "a JSON file of claims, or - for standard input, in place of those kept")
	c.Flags().BoolVar(&kept, "kept", false, "with --claims: on those kept too")
	c.Flags().BoolVar(&reveal, "reveal", false, "show values as they are; the audit log has it")
	return c
}

// unserved tells whether the file is of a hub that never ran, so that there are no
// users to ask for.
func (t *target) unserved(ctx context.Context, is chosen) bool {
	if t.socket != "" {
		return false
	}
	client, err := t.running(ctx)
	if err == nil {
		client.Close()
	}
	_, none := os.Stat(is.file.Store)
	return errors.Is(err, admin.ErrNoServer) && errors.Is(none, fs.ErrNotExist)
}

// empty calls do with a client of a hub that has nobody, in a folder that goes with
// it.
func (is chosen) empty(ctx context.Context, log io.Writer, do func(*admin.Client, string) error) (err error) {
	dir, err := os.MkdirTemp("", "isthmus-try-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := *is.file
	cfg.Store = filepath.Join(dir, "isthmus.db")
	cfg.SealingKey = config.Reference{File: cfg.Store + ".key"}
	cfg.Pools = slices.Clone(cfg.Pools)
	for i := range cfg.Pools {
		cfg.Pools[i].Users = nil
	}
	h, err := run.Start(ctx, &cfg, run.Options{
		Local: true, Log: logger(config.Log{Level: slog.LevelWarn, Format: cfg.Log.Format}, log),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	client := admin.Local(h.Admin())
	defer client.Close()
	return do(client, is.pool.Name)
}

// trial puts a file's schema and mapping into the API's words.
func trial(is chosen) admin.Trial {
	t := admin.Trial{Schema: &admin.Schema{Required: is.pool.Attributes.Required}, Mapping: []admin.Rule{}}
	for _, a := range is.pool.Attributes.Custom {
		t.Schema.Custom = append(t.Schema.Custom, admin.Attribute{Name: a.Name, Type: a.Type, MaxLength: a.MaxLength, Immutable: a.Immutable})
	}
	for _, r := range is.provider.Mapping {
		t.Mapping = append(t.Mapping, admin.Rule{
			Attribute: r.Attribute, From: r.From, Expr: r.Expr, Value: r.Value, Default: r.Default, OnMissing: r.OnMissing,
			Write: r.Write, Split: r.Split, TrustVerification: r.TrustVerification,
		})
	}
	return t
}
