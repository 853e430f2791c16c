package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/isthmus-hub/isthmus/mapping"
)

var poolName = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$`)

// pool checks one pool. all holds what is unique in the whole file.
func (r *reader) pool(c *Config, p *Pool, path string, all *unique) {
	if p.Name != "" && !poolName.MatchString(p.Name) {
		r.problem(path+".name", quote(p.Name)+" is not a short name", "1 to 32 lower-case letters, digits and hyphens, for example  main")
	}
	all.add("pool", p.Name, path+".name", false)
	if p.Issuer != "" {
		r.ownIssuer(p.Issuer, path+".issuer")
		all.add("issuer", p.Issuer, path+".issuer", true)
	}
	r.title(p.Title, path+".title")
	if _, err := language.Parse(p.Language); err != nil {
		r.problem(path+".language", quote(p.Language)+" is not a language", "write a tag of BCP 47, for example  en,  de  or  pt-BR")
	}
	r.branding(p.Branding, path+".branding")
	r.loginApp(p, p.LoginApp, path+".login_app")
	p.Schema = r.schema(p.Attributes, path+".attributes")
	p.Added = r.claimsFit(p.Schema, p.Claims, path+".claims")
	r.signing(p.Signing, path+".signing")
	r.migration(c, p, path+".migration")
	r.resourceServers(p, path+".resource_servers")
	r.declared, r.clientIDs = p.declared(), p.clientIDs()

	names := unique{r: r}
	for i := range p.Providers {
		at := fmt.Sprintf("%s.providers[%d]", path, i)
		r.provider(c, &p.Providers[i], at, &names)
		p.Providers[i].Compiled = r.rulesFit(p.Schema, &p.Providers[i], at)
	}
	for i := range p.Clients {
		r.client(c, p, &p.Clients[i], fmt.Sprintf("%s.clients[%d]", path, i), all)
	}
	for i := range p.Users {
		r.user(p, &p.Users[i], fmt.Sprintf("%s.users[%d]", path, i), &names)
	}
}

// clientIDs are the ids of the pool's clients, sorted.
func (p *Pool) clientIDs() []string {
	ids := make([]string, len(p.Clients))
	for i := range p.Clients {
		ids[i] = p.Clients[i].ID
	}
	slices.Sort(ids)
	return ids
}

// signing checks that a key signs for longer than its successor waits.
func (r *reader) signing(s Signing, path string) {
	if s.Every > 0 && s.Every < max(day, 2*s.Ahead) {
		r.problem(path+".every", "keys would change too often", "at least a day, and twice as long as the next key is published ahead; 0s leaves it to the command  isthmus key rotate")
	}
}

// schema compiles the attributes and places what mapping finds.
func (r *reader) schema(a Attributes, path string) *mapping.Schema {
	var custom []mapping.Attribute
	for _, c := range a.Custom {
		if c.Name != "" {
			custom = append(custom, mapping.Attribute{Name: c.Name, Type: mapping.Type(c.Type), MaxLength: c.MaxLength, Immutable: c.Immutable})
		}
	}
	twice := unique{r: r}
	for i, name := range a.Required {
		twice.add("attribute", name, fmt.Sprintf("%s.required[%d]", path, i), false)
	}
	s, err := mapping.NewSchema(a.Required, custom)
	if err == nil {
		return s
	}
	for _, p := range mappingProblems(err) {
		r.problem(attributePlace(a, p.Attribute, path), p.Message, "")
	}
	return nil
}

// attributePlace is where an attribute is named: its last declaration, because of two the second is the problem, else
// its entry among the required ones.
func attributePlace(a Attributes, name, path string) string {
	for i, c := range slices.Backward(a.Custom) {
		if c.Name == name {
			return fmt.Sprintf("%s.custom[%d].name", path, i)
		}
	}
	if i := slices.Index(a.Required, name); i >= 0 {
		return fmt.Sprintf("%s.required[%d]", path, i)
	}
	return path
}

func mappingProblems(err error) mapping.Problems {
	var list mapping.Problems
	if errors.As(err, &list) {
		return list
	}
	return mapping.Problems{{Message: err.Error()}}
}

// title checks a text that people read on a page.
func (r *reader) title(text, path string) {
	if utf8.RuneCountInString(text) > 128 || strings.ContainsFunc(text, unicode.IsControl) {
		r.problem(path, quote(text)+" is not a title", "one line of 128 characters at most")
	}
}
