package main

import "github.com/spf13/cobra"

// topics are what isthmus help TOPIC teaches beside the verbs.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit", Short: "The exit statuses", Long: `The exit statuses of every verb:

  0   it was done, or all is well
  1   it could not be done: not found, not reachable, refused by the system
  2   the command line, a file or a value in it is wrong; nothing was done
  3   doctor ran, and found something that must be mended`},
		{Use: "errors", Short: "How a sign-in that stopped is explained", Long: `How a sign-in that stopped is explained

A person whose sign-in stops reads one plain sentence and a code, such as
K7QF-2M9X. The code holds no secret: it may be read out over a telephone, in any
spelling. With it

  isthmus explain K7QF-2M9X

tells each step that was taken, the one that failed with what was found there, why
that stops a sign-in, and what mends it. Values that a provider sent are masked;
codes, tokens and secrets are never kept. Explanations are kept for 30 days, the
newest 10 000 of a pool. Without a code, isthmus explain lists the latest ones.

An app is sent the standard's error, and in error_uri a page with the same code.
The log and the audit log have it under trace=.`},
		{Use: "mapping", Short: "How a provider's claims become a user's attributes", Long: `How a provider's claims become a user's attributes

Each provider has a mapping: one rule for each attribute of the pool that it
writes. The short form names the claim. The long form says more:

  mapping:
    email: email
    family_name: {from: [family_name, surname], on_missing: ask}
    "custom:cost_center": {from: /organisation/cost_center, default: none}
    name: {expr: 'claims.given_name + " " + claims.family_name'}
    locale: {value: en}
    given_name: {from: given_name, write: if_empty}
    email_verified: {from: email_verified, trust_verification: true}

  from                 the claim; of several the first that is there; /a/b leads
                       into nested claims (RFC 6901)
  expr                 an expression (CEL) over claims
  value                a constant
  on_missing           refuse the sign-in, ask the person, write the default, or
                       skip. Not said: the default if there is one; else refuse
                       for what every user must have, and skip for the rest
  write                always (at each sign-in), once, or if_empty
  trust_verification   believe "true" as text too, when the provider says that an
                       address is verified

The pool's attributes.required names what every user must have; isthmus check
wants a rule for each. sub, identities and names that begin with cognito: are the
hub's own and no rule can write them.`},
		{Use: "merging", Short: "How two pools become one", Long: mergingTopic},
		{Use: "logout", Short: "What signing out ends", Long: `What signing out ends

An app sends the browser to /logout of its pool, with client_id and logout_uri,
which must be one of the client's logout_urls or callback_urls to the letter. The browser's session
at the hub ends, and with it what hangs on it: the next authorization request asks
the person to sign in again.

Tokens that apps hold already stay what they are until they end by themselves, save
for refresh tokens of a user who was disabled or deleted: these are dead at their
next use, as are that user's sessions.

The session at a provider is the provider's own and goes on; a person who signs in
by it again may not be asked for anything there. isthmus doctor says whether a
provider has an end_session_endpoint.`},
	}
}

const mergingTopic = `How two pools become one

  isthmus merge plan --from old --into main -o plan.yaml    reads both, writes the plan
  isthmus merge apply plan.yaml                             does it; may be stopped and called again
  isthmus merge undo ID                                     takes it back, for 90 days

Two records are one person by the first rule that says so. The rules without a file
are the first two of these; a file given with --rules says which, and the rest:

  match:
    - by: identity               # the same subject at the same provider
    - by: verified_email         # the same address, verified in both pools
    - by: verified_phone
    - by: attribute              # the same value, of which nobody could write it
      name: "custom:employee_number"
      vouched: true
    - by: expression             # the same result (CEL over user)
      expr: 'user["custom:country"] + "/" + user["custom:badge"]'
      vouched: true
  providers: {Corporate: CorporateID}  # of --from, by their names in --into
  groups: {admins: old-admins, temps: ""}  # another name, or left behind
  keep: {family_name: source}    # where both have a value; otherwise the target's stays
  passwords: no_other_way        # bring theirs; or if_none, or never
  orphans: add                   # who matches nobody; or skip

What is not proven on both sides, or leads to two people, is a conflict: the plan
asks, and nothing is done until somebody writes join, add or skip there. So are a
disabled person, two identities at one provider, a name or a sub that is taken, and
a provider that is not there.

Whoever joins keeps the sub of --into; the one of --from leads to them, too. An app
that has the old subs in its tables can go on with them for a while:

  clients:
    - id: expenses
      legacy_sub: {pool: old, until: 2027-06-30}

Whoever is added keeps the sub. The pool of --from is only read: people go on
signing in there until its apps are moved.`
