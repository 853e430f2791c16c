// Command isthmus is the federation hub and everything that is done with it
// from a terminal.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit statuses, as `isthmus help exit` lists them.
const (
	exitFailure = 1 // what was asked for could not be done
	exitUsage   = 2 // the command line or a file is wrong; nothing was done
	exitFound   = 3 // a check ran and found something to mend
)

// statusError is an error with an exit status of its own.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

func main() { os.Exit(Main()) }

// Main runs the command and returns its exit status.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, begun := root(), false
	c.PersistentPreRun = func(*cobra.Command, []string) { begun = true }
	err := c.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(os.Stderr, text)
	}
	if status, ok := errors.AsType[*statusError](err); ok {
		return status.status
	}
	if !begun { // no verb ran, so the command line is wrong
		return exitUsage
	}
	return exitFailure
}
