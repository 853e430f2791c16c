package config

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

const (
	authSecret = "secret"
	authKey    = "private_key_jwt"
	authTLS    = "tls"

	profileFAPI2 = "fapi2"
)

// auth checks how the client proves itself: in one way, with just what that way needs.
func (r *reader) auth(c *Config, cl *Client, path string) {
	secret, keys, tls := r.proofs(path)
	ways := 0
	for _, given := range []bool{secret != "", keys != "", tls} {
		if given {
			ways++
		}
	}
	switch {
	case cl.Public:
		r.publicAuth(path, secret, tls)
	case ways == 0 && cl.Auth == authKey && r.has(path+".auth"):
		r.missing(path, "the client has no keys", "give its public keys as  keys: {jwks: {file: path}},  or where they are fetched as  jwks_uri")
	case ways == 0 && cl.Auth == authTLS:
		r.missing(path, "the client has no certificate", "give its thumbprint as  mtls: {thumbprint: …}")
	case ways == 0:
		if r.absent(path, "secret") && r.absent(path, "secrets") && r.absent(path, "public") {
			r.missing(path, "the client has neither a secret nor keys nor  public: true",
				"give  secret: {env: "+envName(cl.ID)+"}  to an app on a server,  public: true  to one in a browser or on a phone")
		}
	case ways > 1 && !r.has(path+".auth"):
		r.missing(path, "it is not said which of several ways the client proves itself by", "write  auth: secret,  auth: private_key_jwt  or  auth: tls;  keys beside another way are for signed requests")
	default:
		r.chosenAuth(cl, path, secret, keys, tls)
	}
	r.clientSecrets(cl, path)
	r.keys(&cl.Keys, path+".keys")
	if at := path + ".jwks_uri"; r.has(at) {
		if r.has(path + ".keys") {
			r.problem(at, "stands beside keys", "keep one: keys are checked now and stay, an address is asked when they are needed")
		}
		r.upstream(c, r.web(cl.JWKSURI, at), cl.JWKSURI, at)
	}
	r.thumbprints(cl, path+".mtls")
}

// proofs are the keys of the file by which secrets and public keys are given, and whether a certificate is.
func (r *reader) proofs(path string) (secret, keys string, tls bool) {
	for _, key := range []string{"secret", "secrets"} {
		if r.has(join(path, key)) {
			secret = join(path, key)
		}
	}
	for _, key := range []string{"keys", "jwks_uri"} {
		if r.has(join(path, key)) {
			keys = join(path, key)
		}
	}
	return secret, keys, r.has(path + ".mtls")
}

func (r *reader) publicAuth(path, secret string, tls bool) {
	if secret != "" {
		r.problem(secret, "a public client has no secret", "remove the secret; or remove public, if the app runs on a server of yours")
	}
	if tls {
		r.problem(path+".mtls", "a public client has no certificate", "remove public, if the app runs on a server of yours")
	}
	if r.has(path + ".auth") {
		r.problem(path+".auth", "a public client proves nothing", "remove it; or remove public, if the app runs on a server of yours")
	}
}

// chosenAuth checks what is given against the one way that counts.
func (r *reader) chosenAuth(cl *Client, path, secret, keys string, tls bool) {
	unused := "is never used, because auth is " + cl.Auth
	if secret != "" && cl.Auth != authSecret {
		r.problem(secret, unused, "a second way in would be the weaker of the two; remove one")
	}
	if tls && cl.Auth != authTLS {
		r.problem(path+".mtls", unused, "remove one of the two")
	}
	switch {
	case cl.Auth == authSecret && secret == "":
		r.missing(path, "the client has no secret", "give  secret: {env: "+envName(cl.ID)+"},  or another auth")
	case cl.Auth == authKey && keys == "":
		r.missing(path, "the client has no keys", "give its public keys as  keys: {jwks: {file: path}},  or where they are fetched as  jwks_uri")
	case cl.Auth == authTLS && !tls:
		r.missing(path, "the client has no certificate", "give its thumbprint as  mtls: {thumbprint: …}")
	case cl.Auth != authKey && keys != "" && cl.RequestObject == demandOff:
		r.problem(keys, "has no use here", "keys are for  auth: private_key_jwt  and for signed requests, which request_object turns off")
	}
}

// thumbprints brings them into the form of x5t#S256.
func (r *reader) thumbprints(cl *Client, path string) {
	list := cl.MTLS.Thumbprints
	at := path + ".thumbprints"
	if !r.has(at) {
		at = path + ".thumbprint"
	}
	switch {
	case r.has(path) && len(list) == 0 && !r.reported[path]:
		r.missing(path, `"thumbprint" is missing`, thumbprintHint)
	case len(list) > maxLive:
		r.problem(at, fmt.Sprintf("%d certificates", len(list)), "two at most: the one in use, and the one that replaces it")
	}
	seen := unique{r: r}
	for i, text := range list {
		where := at
		if len(list) > 1 {
			where = fmt.Sprintf("%s[%d]", at, i)
		}
		sum, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil || len(sum) != sha256.Size {
			sum, err = hex.DecodeString(strings.ReplaceAll(text, ":", ""))
		}
		if err != nil || len(sum) != sha256.Size {
			r.problem(where, quote(text)+" is not the SHA-256 of a certificate", thumbprintHint)
			continue
		}
		list[i] = base64.RawURLEncoding.EncodeToString(sum)
		seen.add("certificate", list[i], where, false)
	}
}

const thumbprintHint = "43 characters of base64url, or what  openssl x509 -noout -fingerprint -sha256  prints after the ="

// profile checks that nothing in the file contradicts the FAPI 2.0 security profile (§5.3); what the file does not say,
// complete has set.
func (r *reader) profile(cl *Client, path string) {
	if cl.Profile != profileFAPI2 {
		return
	}
	const why = "the profile fapi2 "
	switch {
	case cl.Public:
		r.problem(path+".public", "a public client has no place in the profile fapi2", "give the app keys, or remove the profile")
	case cl.Auth == authSecret:
		at := path + ".auth"
		if secret, _, _ := r.proofs(path); !r.has(at) {
			at = secret
		}
		r.problem(at, "is weaker than the profile fapi2 allows", "use  keys  with  auth: private_key_jwt,  or  mtls  with  auth: tls")
	}
	if cl.Algorithm == "RS256" {
		r.problem(path+".algorithm", why+"forbids RS256", "use PS256, ES256 or EdDSA; without the key it is ES256 where the pool's is RS256")
	}
	if slices.Contains(cl.Flows, flowCode) && !cl.RequirePAR {
		r.problem(path+".require_par", why+"demands pushed requests", "remove the key, or the profile")
	}
	if cl.DPoP != demandRequired && cl.Auth != authTLS {
		r.problem(path+".dpop", why+"demands tokens that are bound to a key", "remove the key, or the profile")
	}
	if cl.Tokens.Rotation != nil && *cl.Tokens.Rotation {
		r.warn(path+".tokens.rotation", why+"advises against rotation", "refresh tokens are bound to the client's keys already (FAPI 2.0 §5.3.2.1)")
	}
}

// requests checks that what is demanded of authorization requests concerns a client that makes them.
func (r *reader) requests(cl *Client, path string) {
	if len(cl.Flows) > 0 && !slices.Contains(cl.Flows, flowCode) {
		for _, key := range []string{"require_par", "request_object"} {
			if r.has(join(path, key)) {
				r.problem(join(path, key), "the client makes no authorization requests in this flow", "remove it")
			}
		}
		return
	}
	if _, keys, _ := r.proofs(path); keys == "" && cl.RequestObject != demandOff {
		r.problem(path+".request_object", "the client has no keys to sign requests with", "give its public keys as  keys: {jwks: {file: path}},  or where they are fetched as  jwks_uri")
	}
}
