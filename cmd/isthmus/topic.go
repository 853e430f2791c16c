package main

import "github.com/spf13/cobra"

// topics are what isthmus help TOPIC teaches beside the verbs.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit", Short: "The exit statuses", Long: `The exit statuses of every verb:

  0   it was done, or all is well
  1   it could not be done: not found, not reachable, refused by the system; or
      a logout was rehearsed, and did not reach everybody in time
  2   the command line, a file or a value in it is wrong; nothing was done, save
      for the rows of a file to be imported that come before what is wrong in it
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
		{Use: "migration", Short: "How people come over with the passwords they have", Long: `How people come over with the passwords they have

A pool's migration names the system that its people come from. Somebody who signs
in by the password form and has no password here yet, imported or unknown, is
asked about there, once. At a yes the hub makes or completes the user, keeps the
password as its own hash, and never asks about that person again.

  migration:
    http: {url: https://old.example/check-password, secret: {env: MIGRATION_SECRET}}

is sent, with the secret as bearer token,

  POST /check-password
  {"username": "ada", "password": "…", "client_id": "web", "pool": "main"}

and answers 200 for right, with what is known of the person, or 401 for wrong:

  {"attributes": {"email": "ada@corp.example"}, "email_verified": true}

"username" in the answer names the person where another name may have been typed,
such as an e-mail address.

  migration:
    cognito: {user_pool_id: eu-west-1_AbCdEf012, client_id: …, client_secret: {env: OLD_POOL_SECRET}}

asks a Cognito pool, by an app client with ALLOW_USER_PASSWORD_AUTH; endpoint in
place of user_pool_id asks what speaks like one.

Attributes that the pool does not have, or that do not fit it, are left out. A
person whom the old system wants a second factor or a new password of is not let
in. When it cannot be asked, the sign-in stops with a code for isthmus explain, and
nothing is made. isthmus doctor asks it with a made-up name.`},
	}
}
