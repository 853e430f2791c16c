package idp

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// Bounds on what a callback may say of a person's name.
const (
	maxCallbackUser = 4 << 10 // bytes
	maxCallbackName = 100     // characters of each part
)

// callbackUser is the field user of Apple's form, which comes with somebody's first sign-in alone. It is signed by
// nobody and has come through the browser, so only the name is read: a name proves nothing. The address in it is not.
type callbackUser struct {
	Name struct {
		First string `json:"firstName"`
		Last  string `json:"lastName"`
	} `json:"name"`
}

// CallbackName reduces that field to the name in it, in the same form, for the way through an address of our own. It is
// empty if there is no name.
func CallbackName(user string) string {
	u := readCallbackUser(user)
	if u == (callbackUser{}) {
		return ""
	}
	text, err := json.Marshal(u)
	if err != nil {
		return ""
	}
	return string(text)
}

func readCallbackUser(user string) callbackUser {
	var u, none callbackUser
	if user == "" || len(user) > maxCallbackUser || strictjson.Decode([]byte(user), &u) != nil {
		return none
	}
	u.Name.First, u.Name.Last = namePart(u.Name.First), namePart(u.Name.Last)
	return u
}

// namePart is a part of a name, or empty if it is none.
func namePart(s string) string {
	s = strings.TrimSpace(s)
	if len([]rune(s)) > maxCallbackName || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return s
}

// addName puts a callback's name beside the verified claims, where they say nothing of one.
func (p *Provider) addName(claims map[string]any, user string) {
	if !p.cfg.NameInCallback {
		return
	}
	n := readCallbackUser(user).Name
	for claim, value := range map[string]string{
		"given_name": n.First, "family_name": n.Last, "name": strings.TrimSpace(n.First + " " + n.Last),
	} {
		if _, said := claims[claim]; !said && value != "" {
			claims[claim] = value
		}
	}
}
