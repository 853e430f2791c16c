// Command report reads go test -json and shows what go test alone would: the
// output of tests that did not pass, and each package's closing line. It writes
// one line per test, "pass", "skip" or "fail" with package and name, to the file
// it is given, for the gates that ask what really ran.
//
//	go test -json ./... | go run .ci/report.go LOG
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is a line of go test -json; see go doc test2json.
type event struct {
	Action, Package, Test, Output string
}

func main() {
	if err := report(os.Stdin, os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func report(in io.Reader, out io.Writer, name string) error {
	log, err := os.Create(name)
	if err != nil {
		return err
	}
	defer log.Close()
	held := map[[2]string]*strings.Builder{} // output of tests that still run
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		switch {
		case len(line) > 0 && json.Unmarshal(line, &e) != nil:
			out.Write(line) // make, or the go command, speaks
		case e.Action != "":
			e.take(out, log, held)
		}
		if err == io.EOF {
			return log.Close()
		}
		if err != nil {
			return err
		}
	}
}

func (e event) take(out, log io.Writer, held map[[2]string]*strings.Builder) {
	key := [2]string{e.Package, e.Test}
	switch e.Action {
	case "output", "build-output":
		if e.Test == "" {
			if e.Output != "PASS\n" && !strings.HasSuffix(e.Output, "[no test files]\n") {
				io.WriteString(out, e.Output)
			}
			return
		}
		if strings.HasPrefix(e.Output, "=== ") {
			return
		}
		if held[key] == nil {
			held[key] = new(strings.Builder)
		}
		held[key].WriteString(e.Output)
	case "pass", "skip", "fail":
		if e.Test != "" {
			fmt.Fprintln(log, e.Action, e.Package, e.Test)
		}
		if text := held[key]; text != nil && e.Action != "pass" {
			io.WriteString(out, text.String())
		}
		delete(held, key)
		if e.Action != "fail" || e.Test != "" {
			return
		}
		// A package that failed while tests ran, by a panic or a time limit: what
		// they had said is not lost.
		for key, text := range held {
			if key[0] == e.Package {
				io.WriteString(out, text.String())
				delete(held, key)
			}
		}
	}
}
