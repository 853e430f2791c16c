package mapping

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Release turns attributes into claims. names are the attributes to release, for example from [ScopeAttributes]; names
// outside the schema, sub among them, and attributes without a value are left out, so that nothing stored under the
// name of a protected claim can leave as one (A34).
//
// With typed the values have the types of OpenID Connect Core §5.1: the verified flags are booleans, updated_at is a
// json.Number, address is an object. Without, every value is a string, as in Cognito's userInfo. Custom attributes are
// strings either way, as in Cognito's ID tokens.
func Release(s *Schema, attributes Attributes, names []string, typed bool) map[string]any {
	claims := make(map[string]any, len(names))
	for _, name := range names {
		value := attributes[name]
		a, ok := s.Attribute(name)
		if !ok || value == "" {
			continue
		}
		if !typed || strings.HasPrefix(name, customPrefix) {
			claims[name] = value
			continue
		}
		if claim := a.claim(value); claim != nil {
			claims[name] = claim
		}
	}
	return claims
}

// addressClaim returns the object that was mapped from an address claim, or the object whose formatted member is the
// text (OpenID Connect Core §5.1.1).
func addressClaim(value string) map[string]any {
	if strings.HasPrefix(value, "{") {
		decoder := json.NewDecoder(bytes.NewReader([]byte(value)))
		decoder.UseNumber()
		var object map[string]any
		if err := decoder.Decode(&object); err == nil && !decoder.More() {
			return object
		}
	}
	return map[string]any{"formatted": value}
}

// canonical removes leading zeros, which are decimal text but no JSON number (RFC 8259 §6).
func canonical(number string) string {
	sign := ""
	if number[0] == '-' {
		sign, number = "-", number[1:]
	}
	trimmed := strings.TrimLeft(number, "0")
	if trimmed == "" || trimmed[0] == '.' {
		trimmed = "0" + trimmed
	}
	return sign + trimmed
}

// scopes are the claims each scope asks for (OpenID Connect Core §5.4).
var scopes = map[string][]string{
	"profile": {"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
		"picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"},
	"email":   {"email", emailVerified},
	"phone":   {"phone_number", phoneVerified},
	"address": {"address"},
}

// ScopeAttributes returns the names of the attributes that scopes release, in the schema's order. readable are the
// attributes the client may read; nil means all.
//
// Without openid nothing is released. With openid but none of profile, email, phone and address, everything readable
// is, as Cognito does; apps that ask for openid alone rely on it. Otherwise each scope releases its claims, and
// profile the custom attributes too. sub and the username are not attributes; the caller adds them.
func ScopeAttributes(s *Schema, granted, readable []string) []string {
	if !slices.Contains(granted, "openid") {
		return nil
	}
	everything, profile := true, false
	for _, scope := range granted {
		if _, ok := scopes[scope]; ok {
			everything = false
		}
		profile = profile || scope == "profile"
	}
	names := make([]string, 0, len(s.attributes))
	for _, a := range s.attributes {
		released := everything || profile && strings.HasPrefix(a.Name, customPrefix) ||
			slices.ContainsFunc(granted, func(scope string) bool { return slices.Contains(scopes[scope], a.Name) })
		if released && (readable == nil || slices.Contains(readable, a.Name)) {
			names = append(names, a.Name)
		}
	}
	return names
}
