package config

import (
	"fmt"
	"slices"
	"strings"
)

// otherNames are the words other programs use for our keys.
var otherNames = map[string][]string{
	"redirect_uris":                         {"callback_urls"},
	"redirect_uri":                          {"callback_urls"},
	"post_logout_redirect_uris":             {"logout_urls"},
	"client_id":                             {"id"},
	"client_secret":                         {"secret"},
	"client_name":                           {"name"},
	"display_name":                          {"title", "label", "name"},
	"grant_types":                           {"flows"},
	"response_types":                        {"flows"},
	"connectors":                            {"providers"},
	"identity_providers":                    {"providers"},
	"idps":                                  {"providers"},
	"upstreams":                             {"providers"},
	"attribute_mapping":                     {"mapping"},
	"authorize_scopes":                      {"scopes"},
	"oidc_issuer":                           {"issuer"},
	"issuer_url":                            {"issuer"},
	"idp_identifiers":                       {"identifiers"},
	"token_endpoint_auth_method":            {"client_auth", "auth"},
	"rotate_keys_every":                     {"every"},
	"rotation_period":                       {"every"},
	"resources":                             {"resource_servers"},
	"apis":                                  {"resource_servers"},
	"jwks":                                  {"keys"},
	"x5t#s256":                              {"thumbprint"},
	"device":                                {"flows"},
	"dpop_bound_access_tokens":              {"dpop"},
	"id_token_signed_response_alg":          {"algorithm"},
	"require_pushed_authorization_requests": {"require_par"},
	"primary_color":                         {"accent"},
	"apps":                                  {"clients"},
	"address":                               {"listen"},
	"port":                                  {"listen"},
	"database":                              {"store"},
	"user":                                  {"username"},
	"email":                                 {"username"},
}

// unknown reports a key that is not one of the fields, with the nearest that is, or the place where it would be.
func (r *reader) unknown(fields []field, p pair, path string) {
	if v := p.value; v.kind == scalarKind {
		r.src.hide(v.line, v.column, v.last) // it may be a secret under a misspelt key
	}
	if len(r.findings) >= maxFindings {
		return
	}
	var known []string
	for _, f := range fields {
		known = append(known, f.names...)
	}
	message := "unknown key " + quote(p.key)
	near := nearest(p.key, known)
	for _, name := range otherNames[strings.ToLower(p.key)] {
		if near == "" && slices.Contains(known, name) {
			near = name
		}
	}
	if near != "" {
		r.meant[join(path, near)] = true
		r.add(finding{Problem{Line: p.line, Column: p.column, Message: fmt.Sprintf("%s; did you mean %s?", message, quote(near))}, false})
		return
	}
	hint := "known here: " + strings.Join(known, ", ")
	if where := placesOf(p.key); where != "" {
		hint = "it belongs " + where
	}
	r.at(p.line, p.column, "", message, hint)
}

// placesOf says where a key is known, "" if nowhere.
func placesOf(key string) string {
	var places []string
	for _, known := range knownKeys() {
		at, name, nested := cutLast(known)
		if name != key {
			continue
		}
		if !nested {
			at = "at the top of the file"
		} else {
			at = "under " + at
		}
		if !slices.Contains(places, at) {
			places = append(places, at)
		}
	}
	if len(places) > 3 {
		return ""
	}
	return strings.Join(places, " or ")
}

func cutLast(path string) (before, name string, nested bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// nearest returns the candidate that is within typing errors of name, or "".
func nearest(name string, candidates []string) string {
	if len(name) > 64 {
		return ""
	}
	plain := func(s string) string {
		return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
	}
	best, least := "", max(1, len(name)/3)+1
	for _, c := range candidates {
		d := distance(name, c)
		if plain(name) == plain(c) {
			d = min(d, 1)
		}
		if d < least {
			best, least = c, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their neighbour to make b of a.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
