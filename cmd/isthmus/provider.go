package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/idp/preset"
)

func providerCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "provider",
		Short: "List the providers that the hub knows, and where to register it with them",
	}, providerPresetsCommand())
}

func providerPresetsCommand() *cobra.Command {
	var path string
	var o output
	c := &cobra.Command{
		Use:   "presets [NAME]",
		Short: "List the known providers; with a name, say how the hub is registered there",
		Long: `List the providers that need no more than a preset and what it asks for. With the
name of one: where to register the hub, which addresses to give there for each
pool of the file, what to write into the file, and what makes an e-mail address
proven at that provider. Nothing is asked of anybody.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				list := presetList{Presets: describe(preset.All())}
				return o.write(c.OutOrStdout(), list, list.print)
			}
			p := preset.Find(args[0])
			if p == nil {
				return &statusError{exitUsage, fmt.Errorf("there is no preset %q; there are %s", args[0], strings.Join(preset.Names(), ", "))}
			}
			pools, err := poolsOf(path, c.Flags().Changed("config"), c.ErrOrStderr())
			if err != nil {
				return err
			}
			d := detail(p, pools)
			return o.write(c.OutOrStdout(), d, d.print)
		},
	}
	configFlag(c, &path)
	o.flag(c)
	return c
}

// poolsOf are the pools of the file, for their addresses. A file that was not
// named need not be there, nor be right: it may wait for just what is asked here.
func poolsOf(path string, named bool, told io.Writer) ([]config.Pool, error) {
	if _, err := os.Stat(path); !named && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	cfg, err := config.Load(path, config.Environment{})
	switch {
	case err == nil:
		return cfg.Pools, nil
	case named:
		if _, wrong := errors.AsType[config.Problems](err); wrong {
			return nil, &statusError{exitUsage, err}
		}
		return nil, err
	}
	fmt.Fprintf(told, "%s is not right yet (isthmus check says why), so the addresses below have HUB in place of a pool.\n", path)
	return nil, nil
}

// presetList is what is known, for programs.
type presetList struct {
	Presets []knownProvider `json:"presets"`
}

// knownProvider is one preset.
type knownProvider struct {
	Preset        string      `json:"preset"`
	Title         string      `json:"title"`
	Name          string      `json:"name"` // in a pool that gives none
	Type          string      `json:"type"` // ProviderType
	FillIn        []presetKey `json:"fill_in"`
	VerifiedEmail string      `json:"verified_email"`
	SignsOut      bool        `json:"signs_out"`
	Docs          string      `json:"docs"`
}

// presetKey is a key of the file.
type presetKey struct {
	Key      string `json:"key"`
	What     string `json:"what"`
	Example  string `json:"example,omitempty"`
	Optional bool   `json:"optional,omitempty"`
	Or       string `json:"or,omitempty"`
}

func describe(presets []*preset.Preset) []knownProvider {
	list := make([]knownProvider, len(presets))
	for i, p := range presets {
		k := knownProvider{Preset: p.Name, Title: p.Title, Name: p.As, Type: p.Type, VerifiedEmail: p.Proven, SignsOut: p.Logout, Docs: p.Docs}
		k.FillIn = append(k.FillIn, presetKey{Key: "client_id", What: "what the provider calls this hub"})
		if !p.Has(preset.SignedSecret) {
			k.FillIn = append(k.FillIn, presetKey{Key: "client_secret", What: "the secret that it gave"})
		}
		for _, key := range p.Keys {
			k.FillIn = append(k.FillIn, presetKey{key.Name, key.Say, key.Example, key.Optional, key.Or})
		}
		list[i] = k
	}
	return list
}

func (l presetList) print(w io.Writer) {
	rows := make([][]string, len(l.Presets))
	for i, p := range l.Presets {
		rows[i] = []string{p.Preset, p.Name, p.keys(), p.Type}
	}
	writeTable(w, []column{{"PRESET", false}, {"NAME", false}, {"FILL IN", true}, {"TYPE", false}}, rows)
	fmt.Fprint(w, `
Any other OpenID provider needs  name, issuer, client_id, client_secret.  One of plain OAuth 2 needs
type: oauth2  too, endpoints: {authorization, token, userinfo}  and  subject,  the member of
userinfo that names a person for good. For one of the list, say: isthmus provider presets NAME
`)
}

// keys are what to fill in: [x] may be left out, x|y is one of two.
func (p knownProvider) keys() string {
	var list []string
	for _, k := range p.FillIn {
		switch {
		case k.Optional:
			list = append(list, "["+k.Key+"]")
		case k.Or != "" && k.Key > k.Or:
			list[len(list)-1] += "|" + k.Key
		default:
			list = append(list, k.Key)
		}
	}
	return strings.Join(list, " ")
}

// registration is how the hub is registered at a provider.
type registration struct {
	knownProvider
	Console   string            `json:"register_at"`
	Addresses []presetAddresses `json:"addresses"`
	Notes     []string          `json:"notes"`
	File      string            `json:"file"`
}

// presetAddresses are what to give there, for one pool.
type presetAddresses struct {
	Pool         string `json:"pool,omitempty"`
	Callback     string `json:"callback"`
	PostLogout   string `json:"post_logout,omitempty"`
	Backchannel  string `json:"backchannel_logout,omitempty"`
	Frontchannel string `json:"frontchannel_logout,omitempty"`
}

func detail(p *preset.Preset, pools []config.Pool) registration {
	r := registration{knownProvider: describe([]*preset.Preset{p})[0], Console: p.Console, Notes: append([]string{}, p.Notes...)}
	if p.Has(preset.WithoutAuthTime) {
		r.Notes = append(r.Notes, "It does not tell when a person authenticated, so a sign-in for which an app demands max_age or prompt=login is refused.")
	}
	if !p.Logout {
		r.Notes = append(r.Notes, "People cannot be signed out there by an app: its session goes on after a sign-out here.")
	}
	if len(pools) == 0 {
		pools = []config.Pool{{Issuer: "https://HUB"}}
	}
	for i := range pools {
		r.Addresses = append(r.Addresses, addressesAt(p, &pools[i]))
	}
	r.File = snippet(r.knownProvider)
	return r
}

// snippet is the provider in a file, with examples for what is to be filled in.
func snippet(k knownProvider) string {
	text := "providers:\n  - preset: " + k.Preset + "\n"
	for _, key := range k.FillIn {
		value, hidden := key.Example, key.Optional || key.Or != "" && key.Key > key.Or
		switch key.Key {
		case "client_id":
			value = "…"
		case "client_secret":
			value = "{env: " + strings.ToUpper(k.Preset) + "_SECRET}"
		}
		mark := ""
		if hidden {
			mark = "#"
		}
		line := "    " + mark + key.Key + ": " + value
		if key.Example != "" {
			line += " # " + key.What
		}
		text += line + "\n"
	}
	return text
}

// addressesAt are those of a pool; the names in them are the pool's for this
// provider, or the preset's.
func addressesAt(p *preset.Preset, c *config.Pool) presetAddresses {
	pool, name := &hub.Pool{Issuer: c.Issuer}, p.As
	for _, pr := range c.Providers {
		if pr.Known == p {
			name = pr.Name
		}
	}
	a := presetAddresses{Pool: c.Name, Callback: pool.CallbackURL()}
	if p.Logout {
		a.PostLogout = pool.PostLogoutURL()
	}
	switch p.Tells {
	case "back":
		a.Backchannel = pool.BackchannelURL(name)
	case "front":
		a.Frontchannel = pool.FrontchannelURL(name)
	}
	return a
}

func (r registration) print(w io.Writer) {
	fmt.Fprintf(w, "%s\n\nRegister the hub at %s.\n", r.Title, r.Console)
	for _, a := range r.Addresses {
		if a.Pool != "" {
			fmt.Fprintf(w, "\nFor the pool %s give there\n", plain(a.Pool))
		} else {
			fmt.Fprintln(w, "\nGive there")
		}
		for _, f := range [][2]string{
			{"callback", a.Callback}, {"after a sign-out", a.PostLogout}, {"back-channel logout", a.Backchannel}, {"front-channel logout", a.Frontchannel},
		} {
			if f[1] != "" {
				fmt.Fprintf(w, "  %-20s  %s\n", f[0], plain(f[1]))
			}
		}
	}
	fmt.Fprintf(w, "\nand write\n\n%s\nWhat makes an e-mail address proven: %s.\n", indent(r.File), r.VerifiedEmail)
	for _, note := range r.Notes {
		fmt.Fprintln(w, note)
	}
	fmt.Fprintf(w, "%s\n", r.Docs)
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}
