package config

import (
	"regexp"
	"slices"
	"strings"
)

var (
	region     = regexp.MustCompile(`^[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}$`)
	userPoolID = regexp.MustCompile(`^([a-z]{2}(?:-[a-z]+)+-[0-9]{1,2})_[0-9A-Za-z]+$`)
)

// poolRegion is the region in the id of a Cognito pool; "" if it is none.
func poolRegion(id string) string {
	if m := userPoolID.FindStringSubmatch(id); m != nil {
		return m[1]
	}
	return ""
}

// migration checks that there is one system to be asked, that it can be, and that somebody can type a password.
func (r *reader) migration(c *Config, p *Pool, path string) {
	if !r.has(path) {
		return
	}
	m := p.Migration
	if len(p.Clients) > 0 && !slices.ContainsFunc(p.Clients, func(cl Client) bool { return slices.Contains(cl.Providers, PasswordForm) }) {
		r.warn(path, "is never asked, because no client has the password form", "list "+PasswordForm+" under providers of a client")
	}
	if (m.HTTP == nil) == (m.Cognito == nil) {
		if !r.reported[path] {
			r.problem(path, "must name one of http and cognito", "for example  {http: {url: https://old.example/check-password, secret: {env: MIGRATION_SECRET}}}")
		}
		return
	}
	if hook := m.HTTP; hook != nil {
		at := path + ".http"
		if hook.URL != "" {
			r.upstream(c, r.web(hook.URL, at+".url"), hook.URL, at+".url")
		}
		if r.absent(at, "secret") {
			r.missing(at, `"secret" is missing`, "without it whoever reaches the address can try passwords there; for example  secret: {env: MIGRATION_SECRET}")
		}
		return
	}
	r.migrationCognito(c, m.Cognito, path+".cognito")
}

func (r *reader) migrationCognito(c *Config, m *MigrationCognito, path string) {
	var given []string
	for _, key := range []string{"region", "user_pool_id", "endpoint"} {
		if r.has(join(path, key)) {
			given = append(given, key)
		}
	}
	switch {
	case len(given) == 0:
		r.missing(path, "it is not said where the pool is", "give  user_pool_id  or  region  of a pool at Amazon, or  endpoint  of what speaks like one")
	case len(given) > 1:
		r.problem(join(path, given[1]), "stands beside "+given[0], "keep one of "+strings.Join(given, " and "))
	case given[0] == "region" && !region.MatchString(m.Region):
		r.problem(path+".region", quote(m.Region)+" is not a region", "for example  eu-west-1")
	case given[0] == "user_pool_id" && poolRegion(m.UserPoolID) == "":
		r.problem(path+".user_pool_id", quote(m.UserPoolID)+" is not the id of a pool", "for example  eu-west-1_AbCdEf012")
	case given[0] == "endpoint":
		u := r.web(m.Endpoint, path+".endpoint")
		r.upstream(c, u, m.Endpoint, path+".endpoint")
		if u != nil && u.RawQuery != "" {
			r.problem(path+".endpoint", quote(m.Endpoint)+" has a query", "remove the ? and what follows")
		}
	}
}
