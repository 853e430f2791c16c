package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/web/login"
	"github.com/isthmus-hub/isthmus/web/page"
)

// buttonVerb is what a button is asked for with.
type buttonVerb struct{ config, client, provider, format, label, target string }

func buttonCommand() *cobra.Command {
	var v buttonVerb
	c := &cobra.Command{
		Use:   "button",
		Short: "Print a sign-in button for any page: link, form or styled HTML",
		Long: `Print a sign-in button for any page: a link, a form without script, or HTML with
its style. Nothing is started or asked.

A sign-in is safe only if the app begins it, since the app makes the state, nonce
and PKCE that its answer is checked by; so the button leads to the client's
initiate_login_uri (OpenID Connect Core §4), with iss, target_link_uri, and
identity_provider, which the app passes on to the hub. For a client without one it
is the bare authorization request that Cognito's users write by hand, and is warned
of; a client of which PKCE, pushed or signed requests are demanded can have none.

The pool shows the same at /button?client_id=…&provider=….`,
		Example: `  isthmus button --client expenses --provider CorporateID
  isthmus button --client expenses --format html --return https://expenses.example/reports`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains([]string{"link", "form", "html"}, v.format) {
				return &statusError{exitUsage, fmt.Errorf("--format %q: it is link, form or html", v.format)}
			}
			if v.client == "" {
				return &statusError{exitUsage, errors.New("--client is missing: the client_id of the app that people sign in to")}
			}
			cfg, err := readConfig(v.config)
			if err != nil {
				if problems, wrong := errors.AsType[config.Problems](err); wrong {
					return &statusError{exitUsage, problems}
				}
				return err
			}
			return v.print(cfg, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	configFlag(c, &v.config)
	c.Flags().StringVar(&v.client, "client", "", "the client_id of the app that people sign in to")
	c.Flags().StringVar(&v.provider, "provider", "", "the provider that they come by; needed if the client has several")
	c.Flags().StringVar(&v.format, "format", "link", "link, form or html")
	c.Flags().StringVar(&v.label, "label", "", "the words on the button; the provider's by default")
	c.Flags().StringVar(&v.target, "return", "", "where the app is to end, an address of its own")
	return c
}

func (v *buttonVerb) print(cfg *config.Config, out, notes io.Writer) error {
	p, err := v.findPool(cfg)
	if err != nil {
		return &statusError{exitUsage, err}
	}
	client := p.Clients[v.client]
	pr, err := v.findProvider(p, client)
	if err != nil {
		return &statusError{exitUsage, err}
	}
	start, err := p.Start(client, pr, v.target)
	if none := (*hub.NoStartError)(nil); err != nil && !errors.As(err, &none) {
		err = fmt.Errorf("--return %q: %s", v.target, oauth.AsError(err).Description)
	}
	if err != nil {
		return &statusError{exitUsage, err}
	}
	renderer, err := page.New(page.Options{})
	if err != nil {
		return err
	}
	kit, err := login.Kit(renderer, p, client, pr, start, v.label)
	if err != nil {
		return err
	}
	if !start.ByApp {
		fmt.Fprintf(notes, "%s client %q has no initiate_login_uri, so this is a bare request without state, nonce and PKCE:\n"+
			"  an app that expects its state back, as it should, refuses the answer. isthmus button --help says more.\n", painted(notes).caution(), client.ID)
	}
	_, err = io.WriteString(out, map[string]string{"link": kit.Link + "\n", "form": kit.Form, "html": kit.HTML}[v.format])
	return err
}

// findPool finds the pool of the client, whose id is the only one in the file.
func (v *buttonVerb) findPool(cfg *config.Config) (*hub.Pool, error) {
	for i := range cfg.Pools {
		c := &cfg.Pools[i]
		if slices.ContainsFunc(c.Clients, func(c config.Client) bool { return c.ID == v.client }) {
			return run.Outline(cfg, c)
		}
	}
	return nil, fmt.Errorf("no pool of the file has the client %q", v.client)
}

// findProvider finds the provider that is named, or the only one that the client has.
func (v *buttonVerb) findProvider(p *hub.Pool, c *hub.Client) (*hub.Provider, error) {
	enabled := c.Enabled(p)
	if v.provider == "" && len(enabled) == 1 {
		return enabled[0], nil
	}
	var names []string
	for _, pr := range enabled {
		if pr.Name == v.provider {
			return pr, nil
		}
		names = append(names, pr.Name)
	}
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("the client %q has no provider that is enabled", c.ID)
	case v.provider == "":
		return nil, fmt.Errorf("the client %q has several providers; name one with --provider: %s", c.ID, strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("--provider %q: the client %q has %s", v.provider, c.ID, strings.Join(names, ", "))
}
