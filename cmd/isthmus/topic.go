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
	}
}
