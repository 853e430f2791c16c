package idptest

import "strings"

// Mutation is one way for an ID token to be wrong, everything else about it being right.
type Mutation struct {
	Name  string
	Check string // the check of package idp that must refuse it
	Apply func(*Token)
}

// Mutations lists wrong ID tokens, for any relying party to be tried with: set Hooks.IDToken to Apply. They are made for
// a request with a nonce; none of them may be accepted.
func Mutations() []Mutation {
	var all []Mutation
	for _, list := range [][]Mutation{signatureMutations(), algorithmMutations(), headerMutations(), formatMutations(),
		issuerMutations(), audienceMutations(), timeMutations(), bindingMutations(), subjectMutations(), jsonMutations()} {
		all = append(all, list...)
	}
	return all
}

func set(name string, v any) func(*Token) { return func(t *Token) { t.Claims[name] = v } }
func unset(name string) func(*Token)      { return func(t *Token) { delete(t.Claims, name) } }
func head(name string, v any) func(*Token) {
	return func(t *Token) { t.Header[name] = v }
}

// edit changes the three parts of the finished token.
func edit(change func(parts []string)) func(*Token) {
	return func(t *Token) {
		t.Edit = func(compact string) string {
			parts := strings.Split(compact, ".")
			change(parts)
			return strings.Join(parts, ".")
		}
	}
}

// whole changes the finished token.
func whole(change func(string) string) func(*Token) {
	return func(t *Token) { t.Edit = change }
}

// foreign signs with a key the provider never published, under the kid of its own.
func foreign(t *Token) {
	if key, err := NewKey(t.Key.Algorithm, 1000); err == nil {
		t.Key = key
	}
}
