package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Cognito's quotas and patterns of resource servers (cognito.md §5).
const (
	maxResourceServers = 25
	maxResourceScopes  = 100 // of one resource server
	maxResourceText    = 256 // characters of a name or a description
)

var (
	resourceIdentifier = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,256}$`)
	resourceScope      = regexp.MustCompile(`^[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]{1,256}$`)
	resourceName       = regexp.MustCompile(`^[\p{L}\p{M}\p{N}_\s+=,.:/@-]+$`)
)

func (r *reader) resourceServers(p *Pool, path string) {
	if n := len(p.ResourceServers); n > maxResourceServers {
		r.problem(path, fmt.Sprintf("%d resource servers", n), fmt.Sprintf("%d at most", maxResourceServers))
	}
	names := unique{r: r}
	for i, rs := range p.ResourceServers {
		at := fmt.Sprintf("%s[%d]", path, i)
		if rs.Identifier != "" && !resourceIdentifier.MatchString(rs.Identifier) {
			r.problem(at+".identifier", quote(rs.Identifier)+" is not an identifier", "1 to 256 visible ASCII characters without quotes and backslashes, for example  https://orders.example")
		}
		names.add("resource server", rs.Identifier, at+".identifier", false)
		if r.has(at+".name") && (!resourceName.MatchString(rs.Name) || utf8.RuneCountInString(rs.Name) > maxResourceText) {
			r.problem(at+".name", quote(rs.Name)+" is not a name", "1 to 256 letters, digits, spaces and the characters _ + = , . : / @ -")
		}
		r.resourceScopes(rs.Scopes, at+".scopes")
	}
}

func (r *reader) resourceScopes(scopes []ResourceScope, path string) {
	if n := len(scopes); n > maxResourceScopes {
		r.problem(path, fmt.Sprintf("%d scopes", n), fmt.Sprintf("%d at most", maxResourceScopes))
	}
	names := unique{r: r}
	for i, s := range scopes {
		at := fmt.Sprintf("%s[%d]", path, i)
		if s.Name != "" && !resourceScope.MatchString(s.Name) {
			r.problem(at+".name", quote(s.Name)+" is not the name of a scope", "1 to 256 visible ASCII characters without slashes, quotes and backslashes, for example  read; the identifier is put before it")
		}
		names.add("scope", s.Name, at+".name", false)
		if utf8.RuneCountInString(s.Description) > maxResourceText || strings.ContainsFunc(s.Description, unicode.IsControl) {
			r.problem(at+".description", quote(s.Description)+" is not a description", "one line of 256 characters at most")
		}
	}
}

// declaration says what would make a scope right.
func (r *reader) declaration(p *Pool, scope string) string {
	if len(r.findings) >= maxFindings {
		return ""
	}
	identifier, name := splitScope(scope)
	var identifiers, declared []string
	for _, rs := range p.ResourceServers[:min(len(p.ResourceServers), maxResourceServers)] {
		names := rs.names()
		for _, own := range names {
			declared = append(declared, rs.Identifier+"/"+own)
		}
		if rs.Identifier != identifier {
			identifiers = append(identifiers, rs.Identifier)
			continue
		}
		if near := nearest(name, names); near != "" {
			return "did you mean " + identifier + "/" + near + "?"
		}
		return "add it to the scopes of " + quote(identifier)
	}
	if near := nearest(identifier, identifiers) + "/" + name; slices.Contains(declared, near) {
		return "did you mean " + near + "?"
	}
	if len(declared) > 0 {
		return "there are " + and(some(declared))
	}
	return fmt.Sprintf("declare it:  resource_servers: [{identifier: %q, scopes: [{name: %q, description: …}]}]", identifier, name)
}

// declared is the set of the scopes that the pool's resource servers declare.
func (p *Pool) declared() map[string]bool {
	set := map[string]bool{}
	for _, rs := range p.ResourceServers {
		for _, s := range rs.Scopes {
			set[rs.Identifier+"/"+s.Name] = true
		}
	}
	return set
}

// names are those of the scopes, as many as there may be.
func (rs *ResourceServer) names() []string {
	var list []string
	for _, s := range rs.Scopes[:min(len(rs.Scopes), maxResourceScopes)] {
		if s.Name != "" {
			list = append(list, s.Name)
		}
	}
	return list
}

// splitScope parts identifier/name; the identifier may hold slashes, the name none.
func splitScope(scope string) (identifier, name string) {
	i := strings.LastIndexByte(scope, '/')
	return scope[:i], scope[i+1:]
}
