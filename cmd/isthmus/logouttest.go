package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/rehearse"
	"github.com/isthmus-hub/isthmus/config"
)

// rehearsal are the choices of isthmus logout test.
type rehearsal struct {
	path   string
	format string
	file   string
	faults []string
	ends   []string
	claims []string
	pools  []string
	within time.Duration
}

func logoutTestCommand() *cobra.Command {
	var v rehearsal
	c := &cobra.Command{
		Use:   "test",
		Short: "Rehearse a configuration's logouts: who learns of one, how, and how fast",
		Long: `Rehearse a configuration's logouts before people meet them. Somebody made up signs
in to every app, in one browser; then the session is ended, each time anew, from
every end from which it can be:

  app             by each app: RP-Initiated Logout with id_token_hint
  app-cognito     by each app that has logout_urls, as Cognito wants it: logout_uri
  provider        by each provider's logout token
  provider-front  by each provider through the person's browser
  administrator   by isthmus user signout
  disabled        by isthmus user disable
  deleted         by isthmus user delete
  expired         by its age, where the pool says logout: {on_expiry: true}

For each it says who was told, by which channel, and when; and looks whether the
apps' access tokens died, whether refresh tokens did as tokens.at_logout says,
whether the browser went through the provider and came back to the app, and that
nobody is signed in any more.

Nothing of yours is touched, no hub needs to run, and nothing leaves this machine:
hubs with store and keys in a temporary folder serve a copy of your file, scripted
providers stand for yours, and a scripted app stands at each logout URI. Secrets
are replaced, so variables and files that hold them need not be there. What your
own apps make of a logout token, it cannot know: isthmus logout show has their
answers.

A person is made up for whom each provider's mapping finds what it needs. Where
that does not go, it is said, and --claims tells what the provider sends.

--fault has somebody misbehave as soon as the session ends:

  apps       ` + folded(rehearse.ClientFaults()) + `
  providers  ` + folded(endSessionFaults()) + `;
             or a wrong logout token, such as logout_token:exp-passed (a word that
             is not known makes it list them)

The exit status is 0 when everybody who can be told knew in time, and all else was
as the file says; 1 when not; 2 when the file or a flag is wrong. An app without a
logout URI cannot be told; that is said, and is no failure.`,
		Example: `  isthmus logout test -c isthmus.yaml
  isthmus logout test --fault expenses=back-after-2s --within 10s
  isthmus logout test --fault CorporateID=end_session:hang --end app

  # in CI: the table in the log, a report for the pages of the CI beside it
  isthmus logout test -c isthmus.yaml -o junit --report logout.xml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return v.run(c) },
	}
	f := c.Flags()
	configFlag(c, &v.path)
	f.StringVarP(&v.format, "output", "o", "table", "table, json or junit")
	f.StringVar(&v.file, "report", "", "write the output to this file, and the table here")
	f.StringArrayVar(&v.faults, "fault", nil, "NAME=FAULT: an app or a provider misbehaves; may be repeated")
	f.DurationVar(&v.within, "within", 5*time.Second, "by when everybody must know")
	f.StringSliceVarP(&v.pools, "pool", "p", nil, "rehearse this pool only; may be repeated")
	f.StringSliceVar(&v.ends, "end", nil, "rehearse this end only; may be repeated")
	f.StringArrayVar(&v.claims, "claims", nil, "PROVIDER=FILE: JSON claims that this provider sends; may be repeated")
	return c
}

// endSessionFaults are the words for providers that are few enough to be listed.
func endSessionFaults() []string {
	return slices.DeleteFunc(rehearse.ProviderFaults(), func(word string) bool { return !strings.HasPrefix(word, "end_session:") })
}

// folded writes words as the second column of a table.
func folded(words []string) string {
	const indent, last = 13, 82
	var b strings.Builder
	column := indent
	for i, word := range words {
		if i > 0 {
			b.WriteString(",")
			if column += 2 + len(word); column > last {
				b.WriteString("\n" + strings.Repeat(" ", indent))
				column = indent + len(word)
			} else {
				b.WriteString(" ")
			}
		} else {
			column += len(word)
		}
		b.WriteString(word)
	}
	return b.String()
}

func (v *rehearsal) run(c *cobra.Command) error {
	o, err := v.options()
	if err != nil {
		return &statusError{exitUsage, err}
	}
	cfg, err := config.Load(v.path, v.standIns())
	if err != nil {
		return &statusError{exitUsage, err}
	}
	if painted(c.ErrOrStderr()) {
		o.Progress = func(done, all int) { progress(c.ErrOrStderr(), done, all) }
	}
	report, err := rehearse.Run(c.Context(), cfg, o)
	if _, wrong := errors.AsType[*rehearse.UsageError](err); wrong {
		return &statusError{exitUsage, err}
	}
	if err != nil {
		return err
	}
	if err := v.write(c.OutOrStdout(), report); err != nil {
		return err
	}
	if !report.OK {
		return &statusError{exitFailure, errors.New("")} // it has been said
	}
	return nil
}

// options are the choices as the rehearsal wants them.
func (v *rehearsal) options() (o rehearse.Options, err error) {
	o = rehearse.Options{Pools: v.pools, Within: v.within, Claims: map[string]map[string]any{}}
	switch v.format {
	case "table", "json", "junit":
	default:
		return o, fmt.Errorf("--output %q: it is table, json or junit", v.format)
	}
	if v.within <= 0 || v.within > time.Hour {
		return o, fmt.Errorf("--within %s: it is more than nothing and at most an hour", v.within)
	}
	for _, word := range v.ends {
		k, err := rehearse.ParseKind(word)
		if err != nil {
			return o, fmt.Errorf("--end: %w", err)
		}
		o.Kinds = append(o.Kinds, k)
	}
	for _, text := range v.faults {
		f, err := rehearse.ParseFault(text)
		if err != nil {
			return o, fmt.Errorf("--fault: %w", err)
		}
		o.Faults = append(o.Faults, f)
	}
	for _, text := range v.claims {
		provider, path, ok := strings.Cut(text, "=")
		if !ok {
			return o, fmt.Errorf("--claims %q: it is written PROVIDER=FILE", text)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return o, err
		}
		claims := map[string]any{}
		if err := json.Unmarshal(data, &claims); err != nil {
			return o, fmt.Errorf("--claims: %s is no JSON object: %w", path, err)
		}
		o.Claims[provider] = claims
	}
	return o, nil
}

// standIns are what is read in place of secrets that are not there: the file's
// are not used here.
func (v *rehearsal) standIns() config.Environment {
	made := func(name string) string {
		for name += "-Stands-in-0"; len(name) < 99; { // as long as any password has to be
			name += "-Stands-in-0"
		}
		return name
	}
	return config.Environment{
		LookupEnv: func(name string) (string, bool) {
			if value, ok := os.LookupEnv(name); ok && value != "" {
				return value, true
			}
			return made(name), true
		},
		ReadFile: func(path string) ([]byte, error) {
			data, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) && path != v.path && filepath.Ext(path) != ".json" {
				return []byte(made(filepath.Base(path))), nil
			}
			return data, err
		},
	}
}

// write writes the report: where a file is named, into that, and the table for
// whoever looks on.
func (v *rehearsal) write(w io.Writer, r *rehearse.Report) error {
	marks := marksOf(painted(w))
	if v.file == "" {
		return v.render(w, r, marks)
	}
	f, err := os.Create(v.file)
	if err != nil {
		return err
	}
	err = v.render(f, r, marksOf(false))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	r.Table(w, marks, plain)
	return nil
}

func marksOf(p paint) rehearse.Marks {
	return rehearse.Marks{Good: p.good(), Caution: p.caution(), Bad: p.bad(), Neutral: "–"}
}

func (v *rehearsal) render(w io.Writer, r *rehearse.Report, m rehearse.Marks) error {
	switch v.format {
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	case "junit":
		return r.JUnit(w)
	default:
		r.Table(w, m, plain)
		return nil
	}
}

// progress shows on a terminal how far it is, in one line that goes in the end.
func progress(w io.Writer, done, all int) {
	fmt.Fprintf(w, "\rRehearsing: %d of %s", done, count(all, "end"))
	if done == all {
		fmt.Fprint(w, "\r\x1b[K")
	}
}
