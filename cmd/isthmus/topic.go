package main

import "github.com/spf13/cobra"

// topics are what isthmus help TOPIC teaches beside the verbs.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit", Short: "The exit statuses", Long: `The exit statuses of every verb:

  0   it was done, or all is well
  1   it could not be done: not found, not reachable, refused by the system;
      or a logout was rehearsed, and did not reach everybody in time;
      or mapping try ran, and somebody could not sign in any more
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
		{Use: "merging", Short: "How two pools become one", Long: mergingTopic},
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
    - by: verified_email         # the same address, proven in both pools
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
