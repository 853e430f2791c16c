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
		{Use: "merging", Short: "How two pools become one", Long: mergingTopic},
		{Use: "templates", Short: "Templates, texts and assets of your own", Long: `Templates, texts and assets of your own

Title, logo, colours and links are keys of branding, for each pool and client. A
folder replaces anything more of a pool's pages:

  branding:
    folder: theme          # beside the configuration

  theme/templates/login.html    a page, by the names that isthmus branding export writes
  theme/text/en.txt             words: "key = text"; keys that are not there stay
  theme/text/de.txt             a whole further language
  theme/assets/style.css        anything that a template names: .css .js .svg .png

  isthmus branding export theme    writes all of ours. Delete what you do not change

Templates are those of Go's html/template, which escapes every value where it
stands. {{t "login.title"}} is a word of the texts, {{plain "…"}} the same in
attributes, {{asset "style.css"}} the address of an asset; url(…) in a style sheet
may name one too. base.css, comfort.js, links.css, record.css and record.js take the
place of ours. The content security policy stays: no style or script within the
page, and nothing from other sites.

isthmus check parses all of it, renders every page with examples, and names file
and line of what is wrong; serve and reload do so too, and change nothing then. A
template that fails on a page all the same is logged, and people see the built-in
one.`},
		{Use: "login-app", Short: "A front end of your own over the interaction API", Long: `A front end of your own over the interaction API

  login_app: https://login.corp.example/start    # of a pool, or of one client

Instead of a hosted page the browser then comes to that address, with

  interaction   the sign-in, if one goes on
  error_id      the help desk code, if one stopped

and its script asks the hub, with the browser's cookies and as JSON:

  GET  /interaction/{id}                  where the sign-in stands
  POST /interaction/{id}/password         {"username": "…", "password": "…"}
  POST /interaction/{id}/address          {"address": "…"}, where it is asked for first
  POST /interaction/{id}/new-password     {"new_password": "…"}
  POST /interaction/{id}/profile          {"fields": {"family_name": "…"}}
  POST /interaction/{id}/join             {"password": "…"}, of the account with the
                                          person's address; or {"choice": "apart"},
                                          {"choice": "claim"}
  POST /interaction/{id}/provider         {"provider": "CorporateID"}
  POST /interaction/{id}/continue         {}  as the person who is signed in
  POST /interaction/{id}/other            {}  as somebody else
  POST /interaction/{id}/cancel           {}  back to the app
  GET  /interaction/error/{code}          the sentence for an error_id

  fetch(hub + "/interaction/" + id, {credentials: "include"})

Each answers with one document. Its step says what to draw: choose (providers,
password, whose ask is both, address or password), account, new_password, profile
(fields), join (providers, password, join), stopped (error, providers); redirect and
done come with redirect_to, where the browser goes as a whole page. problems has
sentences, by field, for what was wrong with the last try. The sentences are those
of the hosted pages, in the person's language. interaction is the id to go on with;
it changes when a sign-in begins anew. The status is 200 for every step, 404 for a
sign-in that this browser does not hold, and 400 and above for calls that were
refused. The start of each provider, and retry of an error, are links: the browser
goes there itself. After a provider it comes back to the login application if
something is left to ask, and to the app if not. The code goes from the hub to the
app: the login application never sees it.

The application must be on the hub's site, at an origin of its own:
login.corp.example beside id.corp.example, or another port of localhost. Browsers
keep the hub's cookies back from pages of other sites, and isthmus check says so.
The API takes calls of exactly that origin, and only JSON, so that no other page and
no form can make one; an id without the cookie of the browser that began is worth
nothing.

Know your hub by your own configuration, never by something in a link, or a link
could lead passwords elsewhere. Put sentences on the page as text. Forbid framing.
Signing out, the page for a device's code and the page of the ways into an account
stay the hub's.

isthmus demo --custom-ui runs one to copy from.`},
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
