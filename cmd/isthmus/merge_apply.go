package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/hub/merge"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// mergeDone is what came of merge apply, for programs.
type mergeDone struct {
	ID string `json:"id"`
	merge.Tally
}

func mergeApplyCommand() *cobra.Command {
	var t target
	var o output
	var path string
	c := &cobra.Command{
		Use:   "apply PLAN",
		Short: "Do what a plan says; stopped at any time, it goes on when it is called again",
		Long: `Do what a plan says, a few people at a time, while others sign in. Stopped by ^C or
a crash, it goes on when it is called again; what is done is not done twice.

Each person is looked at once more: who is no longer as the plan says is refused,
and named. What the plan asks and nobody has decided is left alone. A plan that was
applied may be edited and applied again.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			plan, err := merge.OpenPlan(args[0])
			if err != nil {
				return &statusError{exitUsage, err}
			}
			defer plan.Close()
			if plan.Seal == "" {
				return &statusError{exitUsage, fmt.Errorf("%s is a plan into a file; make one into a pool", args[0])}
			}
			var file *merge.Source
			if plan.From.Kind != merge.FromPool {
				if file, err = merge.OpenFile(cmp.Or(path, plan.From.File), plan.From.Name); err != nil {
					return &statusError{exitUsage, err}
				}
			}
			t.pool = plan.Into.Pool
			var done mergeDone
			err = t.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) (err error) {
				m := newMeter(c.ErrOrStderr())
				defer m.clear()
				done.ID = plan.ID
				done.Tally, err = merge.Apply(c.Context(), plan, file, client.MergeDesk(pool), func(t merge.Tally) { m.show("merging", t.Seen) })
				return err
			})
			if err != nil {
				if done.Begun {
					err = fmt.Errorf("%w\nStopped after %d entries; isthmus merge apply %s goes on", err, done.Seen, args[0])
				}
				return refused(err)
			}
			if err := o.write(c.OutOrStdout(), done, func(w io.Writer) { writeDone(w, plan, done) }); err != nil {
				return err
			}
			if done.Refused > 0 {
				return errors.New("some entries were refused; a new plan takes up who is left")
			}
			return nil
		},
	}
	t.flags(c)
	o.flag(c)
	c.Flags().StringVar(&path, "file", "", "where the plan's file of people is now, if it was moved")
	return c
}

func writeDone(w io.Writer, plan *merge.Plan, d mergeDone) {
	fmt.Fprintf(w, "Merged %s into %s: %d joined, %d added", plain(plan.From.Name), plain(plan.Into.Pool), d.Joined, d.Added)
	for _, part := range []struct {
		n    int
		what string
	}{{d.Already, "done before"}, {d.Left, "left alone"}, {d.Refused, "refused"}} {
		if part.n > 0 {
			fmt.Fprintf(w, ", %d %s", part.n, part.what)
		}
	}
	fmt.Fprintf(w, ".\nUndo: isthmus merge undo %s\n", d.ID)
	if len(d.Why) == 0 {
		return
	}
	rows := make([][]string, len(d.Why))
	for i, o := range d.Why {
		rows[i] = []string{strconv.Itoa(o.N), o.Username, o.Why}
	}
	writeTable(w, []column{{"ENTRY", false}, {"USERNAME", true}, {"WHY", true}}, rows)
}

// mergeUndone is what came of merge undo, for programs.
type mergeUndone struct {
	ID     string       `json:"id"`
	Undone int          `json:"undone"`
	Lost   []merge.Loss `json:"kept"`
}

func mergeUndoCommand() *cobra.Command {
	var v poolVerb
	var dry, yes, keep bool
	c := v.command(&cobra.Command{
		Use:   "undo ID",
		Short: "Take a merge back; whoever would lose something since is named first",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id := args[0]
			return v.connect(c.Context(), c.ErrOrStderr(), func(client *admin.Client) error {
				pool, err := v.poolOf(c, client, id)
				if err != nil {
					return err
				}
				look, err := undo(c, client, pool, id, true)
				if err != nil {
					return err
				}
				if dry || len(look.Lost) > 0 && !keep {
					err := v.write(c.OutOrStdout(), look, func(w io.Writer) {
						fmt.Fprintf(w, "%s would be taken back, %d would not; nothing was changed.\n", taken(look.Undone), len(look.Lost))
						writeLost(w, look.Lost)
					})
					if err == nil && !dry {
						err = errors.New("these people have changed since; --keep-changed leaves them as they are and takes the others back")
					}
					return err
				}
				if !yes {
					fmt.Fprintf(c.ErrOrStderr(), "This takes %s back from the pool %s.\nType the id of the merge to go on: ", taken(look.Undone), pool)
					if err := retyped(c, id, "that is not the id; nothing was changed (--yes does not ask)"); err != nil {
						return err
					}
				}
				done, err := undo(c, client, pool, id, false)
				if err != nil {
					return err
				}
				return v.write(c.OutOrStdout(), done, func(w io.Writer) {
					fmt.Fprintf(w, "Merge %s is undone: %s taken back, %d left as they are.\n", id, taken(done.Undone), len(done.Lost))
					writeLost(w, done.Lost)
				})
			})
		},
	})
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().BoolVar(&keep, "keep-changed", false, "leave whoever has changed since as they are")
	dryFlag(c, &dry)
	return c
}

func taken(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

// undo calls until all is undone, or looked at.
func undo(c *cobra.Command, client *admin.Client, pool, id string, dry bool) (*mergeUndone, error) {
	done := &mergeUndone{ID: id, Lost: []merge.Loss{}}
	m := newMeter(c.ErrOrStderr())
	defer m.clear()
	for after := ""; ; {
		u, err := client.UndoMerge(c.Context(), pool, id, after, dry)
		if err != nil {
			return nil, refused(err)
		}
		done.Undone += u.Undone
		done.Lost = append(done.Lost, u.Lost...)
		m.show("undoing", done.Undone)
		if after = u.After; after == "" {
			return done, nil
		}
	}
}

func writeLost(w io.Writer, lost []merge.Loss) {
	if len(lost) == 0 {
		return
	}
	rows := make([][]string, len(lost))
	for i, l := range lost {
		rows[i] = []string{strconv.Itoa(l.Entry), cmp.Or(l.Username, l.Sub), l.Why}
	}
	writeTable(w, []column{{"ENTRY", false}, {"USER", true}, {"WHY", true}}, rows)
}

// poolOf finds the pool that a merge went into.
func (v *poolVerb) poolOf(c *cobra.Command, client *admin.Client, id string) (string, error) {
	names, err := v.pools(c.Context(), client)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		_, err := client.Merge(c.Context(), name, id)
		if err == nil {
			return name, nil
		}
		if e, ok := errors.AsType[*admin.Error](err); !ok || e.Code != "no_such_merge" {
			return "", refused(err)
		}
	}
	return "", fmt.Errorf("there is no merge %q; isthmus merge list names them", id)
}

func mergeListCommand() *cobra.Command {
	var v poolVerb
	return v.command(&cobra.Command{
		Use:   "list",
		Short: "List the merges into the hub's pools",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.connect(c.Context(), c.ErrOrStderr(), func(client *admin.Client) error {
				names, err := v.pools(c.Context(), client)
				if err != nil {
					return err
				}
				all := admin.Merges{Merges: []admin.Merge{}}
				var rows [][]string
				for _, name := range names {
					list, err := client.Merges(c.Context(), name)
					if err != nil {
						return refused(err)
					}
					all.Merges = append(all.Merges, list...)
					for _, m := range list {
						rows = append(rows, []string{m.ID, m.From, name, m.State, strconv.Itoa(m.Joined), strconv.Itoa(m.Added), m.Begun})
					}
				}
				return v.write(c.OutOrStdout(), all, func(w io.Writer) {
					if len(rows) == 0 {
						fmt.Fprintln(w, "No pool was merged into another.")
						return
					}
					writeTable(w, []column{{"ID", false}, {"FROM", true}, {"INTO", true}, {"STATE", false}, {"JOINED", false}, {"ADDED", false}, {"BEGUN", false}}, rows)
				})
			})
		},
	})
}

func mergeShowCommand() *cobra.Command {
	var v poolVerb
	return v.command(&cobra.Command{
		Use:   "show ID",
		Short: "Show one merge",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.connect(c.Context(), c.ErrOrStderr(), func(client *admin.Client) error {
				pool, err := v.poolOf(c, client, args[0])
				if err != nil {
					return err
				}
				m, err := client.Merge(c.Context(), pool, args[0])
				if err != nil {
					return refused(err)
				}
				return v.write(c.OutOrStdout(), m, func(w io.Writer) {
					writeFields(w, [][2]string{
						{"Merge", m.ID}, {"From", m.From}, {"Into", pool}, {"State", m.State}, {"By", m.By}, {"Joined", strconv.Itoa(m.Joined)},
						{"Added", strconv.Itoa(m.Added)}, {"Undone", strconv.Itoa(m.Undone)}, {"Begun", m.Begun}, {"Changed", m.Changed}, {"Undo until", m.Until},
					})
				})
			})
		},
	})
}
