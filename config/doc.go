// Package config turns one YAML file into checked values, or into the complete list of what is wrong with it.
//
// It owns the form of the file: its keys, their defaults, their bounds, and the words of every refusal. Load reads
// the file once, gathers all problems before it answers, and gives each one a place (file, line, column), the path of
// the key, what was found and what would be right; a file with one problem yields no configuration at all, so the
// configuration in force stays whole. What is allowed but unwise (plain http, a switch with insecure in its name,
// text too pale to read, secrets in a file others can read) comes back as warnings beside the value.
//
// It refuses keys it does not know, with the nearest it does know; files over 1 MiB, a second document, tags, merge
// keys and aliases that grow beyond measure; and it never shows a secret, neither in an excerpt nor by printing the
// value. It is pure: no network, no clock, no global state. The environment and the files that hold secrets are read
// through the functions of Environment.
//
// cmd calls it and translates its structs into the hub's; of the hub only the protocol vocabulary (hub/oauth), what
// clients prove with (hub/proof, for their keys) and what is known of providers (idp/preset) are imported. Load fills in every default, so nobody after it has to
// know them; a struct made by hand has none.
package config
