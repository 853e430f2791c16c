package mapping

// OnMissing is what happens when a rule finds no usable value and the user has none yet.
type OnMissing string

// What a rule can do when its value is missing. Without a choice a rule refuses for a required attribute, skips for
// another, and uses Rule.Default where that is given.
const (
	Refuse     OnMissing = "refuse"  // the sign-in stops, nothing is created
	Ask        OnMissing = "ask"     // the person is asked on a page
	UseDefault OnMissing = "default" // Rule.Default is written
	Skip       OnMissing = "skip"    // the attribute stays without a value; not for a required one
)

// Write is when a rule writes its value.
type Write string

// When a rule writes. An immutable attribute behaves as Once whatever its rule says.
const (
	Always  Write = "always"   // at each sign-in; this is what Cognito does, and the default
	Once    Write = "once"     // only if the attribute was never set; what a person cleared stays cleared
	IfEmpty Write = "if_empty" // if the user has no value now, also after it was cleared

	// Reconcile is for groups alone, and their default: at each sign-in the groups that came from this provider become
	// those that it names; groups from elsewhere stay. There Always adds and takes none away, Once is the first sign-in
	// that names any, and IfEmpty is while the user is in no group.
	Reconcile Write = "reconcile"
)

// Rule says where the value of one attribute comes from. Exactly one of From, Expr and Value is given.
type Rule struct {
	// Attribute is the full name of the attribute to write, for example family_name or custom:dept, or Groups. The rule
	// username from sub is accepted and does nothing: it is how Cognito writes the built-in identity.
	Attribute string

	// From is where to look, in order; the first usable value wins. An entry is the name of a top-level claim, or,
	// when it begins with "/", a JSON pointer (RFC 6901) such as /address/locality or /emails/0.
	From []string

	// Expr is an expression of the Common Expression Language over the map claims, for example
	// claims.upn.lowerAscii(). A key that is not there makes the attribute missing, as does an optional without a
	// value: claims.?department. See expression.go for the functions and limits.
	Expr string

	// Value is a constant.
	Value *string

	// Default is written when no value is found and the user has none; it implies OnMissing UseDefault.
	Default string

	OnMissing OnMissing
	Write     Write

	// Split belongs to Groups: what stands between the names of a text. Without it a text is one name.
	Split string

	// TrustVerification belongs to email_verified and phone_number_verified. Without it a flag is "true" only when
	// the claim is JSON true (or the expression gives true); the string "true", numbers, absence, anything else is
	// "false" (A81). With it the operator vouches for a weaker sign: the string "true" counts as well, for upstreams
	// that send every claim as text (Cognito's userInfo), and a constant or a default may say "true".
	//
	// With or without it, the flag speaks only about the claim it stands beside: email_verified about email,
	// /contact/email_verified about /contact/email, another name about the first entry of the address's From. An
	// address that came from elsewhere (a fallback, a constant) is not verified by it, and one that was kept is not
	// touched. A changed address without a flag rule becomes unverified.
	TrustVerification bool
}
