package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/web/admin"
)

// poolVerb is what the verbs about users, clients and keys of a pool have in common.
type poolVerb struct {
	target
	output
}

func userCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "user",
		Short: "List, show, create, import, export, link, group, disable and delete a pool's users",
		Long: `List, show, create, import, link, disable, enable, sign out, group, delete and export a
pool's users, and find those who look like one person.

With a hub running this goes through its admin socket; otherwise the store is
opened here. A user is named by user name or by sub.`,
	}
	verbs := []*cobra.Command{userListCommand(), userGetCommand(), userCreateCommand(), userImportCommand(), userGroupCommand(), userDeleteCommand(), userDuplicatesCommand(), userExportCommand()}
	for _, act := range linkActs {
		verbs = append(verbs, userLinkCommand(act))
	}
	for _, act := range userActs {
		verbs = append(verbs, userActCommand(act))
	}
	return group(c, verbs...)
}

// command makes a verb of v.
func (v *poolVerb) command(c *cobra.Command) *cobra.Command {
	v.target.flags(c)
	v.poolFlag(c)
	v.flag(c)
	return c
}

func userListCommand() *cobra.Command {
	var v poolVerb
	var limit int
	c := v.command(&cobra.Command{
		Use:   "list",
		Short: "List a pool's users by name",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 0 {
				return &statusError{exitUsage, fmt.Errorf("--limit %d: it is a number of users, or 0 for all", limit)}
			}
			return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				users, more, err := listUsers(c.Context(), client, pool, limit)
				if err != nil {
					return refused(err)
				}
				if err := v.write(c.OutOrStdout(), admin.Users{Users: users}, func(w io.Writer) { writeUsers(w, users) }); err != nil {
					return err
				}
				if more {
					fmt.Fprintf(c.ErrOrStderr(), "There are more than %d; --limit 0 lists all.\n", limit)
				}
				return nil
			})
		},
	})
	c.Flags().IntVar(&limit, "limit", 100, "how many users at most; 0 lists all")
	return c
}

// listUsers reads page after page.
func listUsers(ctx context.Context, client *admin.Client, pool string, limit int) (users []admin.User, more bool, err error) {
	const most = 1000 // of a page
	users = []admin.User{}
	for after := ""; ; {
		n := most
		if limit > 0 {
			n = min(n, limit-len(users))
		}
		page, err := client.Users(ctx, pool, after, n)
		if err != nil {
			return nil, false, err
		}
		users = append(users, page.Users...)
		if after = page.Next; after == "" || limit > 0 && len(users) >= limit {
			return users, after != "", nil
		}
	}
}

func writeUsers(w io.Writer, users []admin.User) {
	rows := make([][]string, len(users))
	for i, u := range users {
		var from []string
		for _, l := range u.Links {
			from = append(from, l.Provider)
		}
		rows[i] = []string{u.Username, state(u), u.Attributes["email"], strings.Join(from, " "), date(u.Created)}
	}
	writeTable(w, []column{{"USERNAME", true}, {"STATUS", false}, {"EMAIL", true}, {"PROVIDERS", true}, {"CREATED", false}}, rows)
}

// state is a user's status, and whether it may come in.
func state(u admin.User) string {
	if !u.Enabled {
		return u.Status + ", disabled"
	}
	return u.Status
}

func userGetCommand() *cobra.Command {
	var v poolVerb
	return v.command(&cobra.Command{
		Use:   "get NAME",
		Short: "Show one user",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.each(c, args[0], func(_ *admin.Client, _ string, u admin.User) error {
				return v.write(c.OutOrStdout(), u, func(w io.Writer) { writeUser(w, u) })
			})
		},
	})
}

func writeUser(w io.Writer, u admin.User) {
	fields := [][2]string{{"Username", u.Username}, {"Sub", u.Sub}, {"Status", state(u)}}
	if !u.PasswordExpires.IsZero() {
		fields = append(fields, [2]string{"Password ends", moment(u.PasswordExpires)})
	}
	fields = append(fields, [2]string{"Created", moment(u.Created)}, [2]string{"Modified", moment(u.Modified)})
	for _, l := range u.Links {
		fields = append(fields, [2]string{"Link", fmt.Sprintf("%s, subject %s at %s, since %s", l.Provider, l.Subject, l.Issuer, date(l.Created))})
		if e := l.Evidence; e != nil {
			fields = append(fields, [2]string{"", fmt.Sprintf("by %s: %s", e.By, e.Why)})
		}
	}
	for _, g := range u.Groups {
		from := ""
		if len(g.From) > 0 {
			from = ", from " + strings.Join(g.From, " and ")
		}
		fields = append(fields, [2]string{"Group", g.Name + from})
	}
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		fields = append(fields, [2]string{"  " + name, u.Attributes[name]})
	}
	writeFields(w, fields)
}

// each finds the user that is named and does something with it.
func (v *poolVerb) each(c *cobra.Command, name string, do func(client *admin.Client, pool string, u admin.User) error) error {
	if strings.TrimSpace(name) == "" {
		return &statusError{exitUsage, errors.New("the user name is empty")}
	}
	return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
		u, err := client.User(c.Context(), pool, name)
		if e, ok := errors.AsType[*admin.Error](err); ok && e.Code == "no_such_user" {
			return fmt.Errorf("there is no user %q in the pool %s", name, pool)
		}
		if err != nil {
			return refused(err)
		}
		return do(client, pool, u)
	})
}

func userCreateCommand() *cobra.Command {
	var v poolVerb
	v.makes = true
	var n admin.NewUser
	var attributes []string
	var stdin bool
	c := v.command(&cobra.Command{
		Use:   "create",
		Short: "Create a user",
		Long: `Create a user with a temporary password, which the person replaces at the first
sign-in. Unless one is given, a password is made, and printed this once.`,
		Example: `  isthmus user create --username ada --attribute email=ada@corp.example
  isthmus user create --username ada --password-stdin < password.txt`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if strings.TrimSpace(n.Username) == "" {
				return &statusError{exitUsage, errors.New("--username is missing")}
			}
			if n.Attributes, err = pairs(attributes); err != nil {
				return err
			}
			if stdin {
				if n.Password, err = line(c.InOrStdin()); err != nil || n.Password == "" {
					return &statusError{exitUsage, errors.Join(errors.New("no password came from standard input"), err)}
				}
				n.Permanent = true
			}
			return v.connectPool(c.Context(), c.ErrOrStderr(), func(client *admin.Client, pool string) error {
				u, err := client.CreateUser(c.Context(), pool, n)
				if err != nil {
					return refused(err)
				}
				return v.write(c.OutOrStdout(), u, func(w io.Writer) {
					fmt.Fprintf(w, "Created %s in the pool %s, status %s, sub %s.\n", plain(u.Username), pool, state(u.User), u.Sub)
					if u.TemporaryPassword != "" {
						fmt.Fprintf(w, "Temporary password, shown this once and good until %s:\n  %s\n", moment(u.PasswordExpires), u.TemporaryPassword)
					}
				})
			})
		},
	})
	flags := c.Flags()
	flags.StringVar(&n.Username, "username", "", "the user name")
	flags.StringArrayVarP(&attributes, "attribute", "a", nil, "an attribute, as name=value; may be given again")
	flags.StringVar(&n.Password, "temporary-password", "", "the temporary password; the list of processes shows it")
	flags.BoolVar(&stdin, "password-stdin", false, "read a lasting password, one line, from standard input")
	flags.BoolVar(&n.Disabled, "disabled", false, "there, but not let in")
	c.MarkFlagsMutuallyExclusive("temporary-password", "password-stdin")
	return c
}

// pairs reads name=value.
func pairs(texts []string) (map[string]string, error) {
	attributes := map[string]string{}
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, &statusError{exitUsage, fmt.Errorf("--attribute %q: it is name=value, for example email=ada@corp.example", text)}
		}
		if _, twice := attributes[name]; twice {
			return nil, &statusError{exitUsage, fmt.Errorf("--attribute %s is given twice", name)}
		}
		attributes[name] = value
	}
	return attributes, nil
}

// line reads one line, of 4 KiB at most, without its end.
func line(r io.Reader) (string, error) {
	text, err := bufio.NewReader(io.LimitReader(r, 4<<10)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", err
	}
	return strings.TrimRight(text, "\r\n"), nil
}

// userAct is a verb that changes something of one user and can be taken back or
// does no harm, so that it asks nothing.
type userAct struct {
	use, short, done string
	ends             bool // sessions
	do               func(ctx context.Context, c *admin.Client, pool, sub string) (admin.User, error)
}

var userActs = []userAct{
	{"disable NAME", "Keep a user out; what was signed in before is dead at its next use", "disabled", true,
		func(ctx context.Context, c *admin.Client, pool, sub string) (admin.User, error) {
			return c.SetEnabled(ctx, pool, sub, false)
		}},
	{"enable NAME", "Let a user in again", "enabled", false,
		func(ctx context.Context, c *admin.Client, pool, sub string) (admin.User, error) {
			return c.SetEnabled(ctx, pool, sub, true)
		}},
	{"signout NAME", "Sign a user out everywhere: every session and token of before is dead at its next use", "signed out everywhere", true,
		func(ctx context.Context, c *admin.Client, pool, sub string) (admin.User, error) {
			return c.SignOutUser(ctx, pool, sub)
		}},
}

func userActCommand(a userAct) *cobra.Command {
	var v poolVerb
	var dry bool
	c := v.command(&cobra.Command{
		Use:   a.use,
		Short: a.short,
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.each(c, args[0], func(client *admin.Client, pool string, u admin.User) (err error) {
				if dry {
					return v.say(c, u, "%s of the pool %s (sub %s) would be %s; nothing was changed.", plain(u.Username), pool, u.Sub, a.done)
				}
				if u, err = a.do(c.Context(), client, pool, u.Sub); err != nil {
					return refused(err)
				}
				then := ""
				if a.ends {
					then = toldOf(u.Username)
				}
				return v.say(c, u, "%s of the pool %s (sub %s) is %s.%s", plain(u.Username), pool, u.Sub, a.done, then)
			})
		},
	})
	dryFlag(c, &dry)
	return c
}

// toldOf says how to see who was told of the sessions that ended with an act.
func toldOf(user string) string {
	return "\nThe sessions have ended, and their apps are told; who knows of it:  isthmus logout list --user " + plain(user)
}

func userGroupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "group",
		Short: "Put a user into a group, or take it out",
		Long: `Put a user into a group, or take it out. Apps find a person's groups in the claim
cognito:groups at the next token.

A group that was given here stays whatever a provider says. One that a provider
gave comes back with the next sign-in at which it is named; see isthmus help mapping.`,
	}
	return group(c, userGroupVerb("add", "Put a user into a group", true), userGroupVerb("remove", "Take a user out of a group", false))
}

func userGroupVerb(use, short string, in bool) *cobra.Command {
	var v poolVerb
	var dry bool
	c := v.command(&cobra.Command{
		Use:   use + " NAME GROUP",
		Short: short,
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			name := args[1]
			return v.each(c, args[0], func(client *admin.Client, pool string, u admin.User) (err error) {
				was := slices.ContainsFunc(u.Groups, func(g admin.Group) bool { return g.Name == name })
				switch {
				case !in && !was:
					return fmt.Errorf("%s of the pool %s is not in the group %s", plain(u.Username), pool, plain(name))
				case dry && in:
					return v.say(c, u, "%s of the pool %s (sub %s) would be in the group %s; nothing was changed.", plain(u.Username), pool, u.Sub, plain(name))
				case dry:
					return v.say(c, u, "%s of the pool %s (sub %s) would be out of the group %s; nothing was changed.", plain(u.Username), pool, u.Sub, plain(name))
				}
				if u, err = client.SetGroup(c.Context(), pool, u.Sub, name, in); err != nil {
					return refused(err)
				}
				word := "out of"
				if slices.ContainsFunc(u.Groups, func(g admin.Group) bool { return g.Name == name }) {
					word = "in"
				}
				return v.say(c, u, "%s of the pool %s (sub %s) is %s the group %s.", plain(u.Username), pool, u.Sub, word, plain(name))
			})
		},
	})
	dryFlag(c, &dry)
	return c
}

func userDeleteCommand() *cobra.Command {
	var v poolVerb
	var yes, dry bool
	c := v.command(&cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a user for good; asks for the name again",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.each(c, args[0], func(client *admin.Client, pool string, u admin.User) (err error) {
				if dry {
					return v.say(c, u, "%s of the pool %s (sub %s) would be deleted; nothing was changed.", plain(u.Username), pool, u.Sub)
				}
				if !yes {
					if err := confirm(c, u, pool); err != nil {
						return err
					}
				}
				if u, err = client.DeleteUser(c.Context(), pool, u.Sub); err != nil {
					return refused(err)
				}
				return v.say(c, u, "%s of the pool %s (sub %s) is deleted.%s", plain(u.Username), pool, u.Sub, toldOf(u.Sub))
			})
		},
	})
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	dryFlag(c, &dry)
	return c
}

// confirm has the name typed again.
func confirm(c *cobra.Command, u admin.User, pool string) error {
	fmt.Fprintf(c.ErrOrStderr(), "This deletes %s (sub %s) from the pool %s for good.\nType the user name to go on: ", plain(u.Username), u.Sub, pool)
	return retyped(c, u.Username, "that is not the name; nothing was deleted (--yes deletes without asking)")
}

// retyped reads a name that was asked for; another one is refused with a sentence.
func retyped(c *cobra.Command, name, refusal string) error {
	typed, err := line(c.InOrStdin())
	if err != nil {
		return err
	}
	if strings.TrimSpace(typed) != name {
		return errors.New(refusal)
	}
	return nil
}

// say writes the user for programs, or a sentence for people.
func (v *poolVerb) say(c *cobra.Command, u admin.User, format string, args ...any) error {
	return v.write(c.OutOrStdout(), u, func(w io.Writer) { fmt.Fprintf(w, format+"\n", args...) })
}

func dryFlag(c *cobra.Command, dry *bool) {
	c.Flags().BoolVar(dry, "dry-run", false, "say what would be done, and do nothing")
}
