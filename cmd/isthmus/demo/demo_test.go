package demo

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
)

// TestBusyPort names every port that cannot be had, what it is for, and what to
// do; also when it is taken on the other loopback address.
func TestBusyPort(t *testing.T) {
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := net.Listen("tcp", "[::1]:0")
	if err != nil { // a machine without IPv6
		second, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	one, two := first.Addr().(*net.TCPAddr).Port, second.Addr().(*net.TCPAddr).Port
	_, err = Start(t.Context(), Options{Ports: Ports{Master: one, App: two}, Auto: true, Cost: cheap})
	if err == nil {
		t.Fatal("started")
	}
	for _, want := range []string{
		fmt.Sprintf("port %d, for the master pool, is in use", one), "--master-port N",
		fmt.Sprintf("port %d, for the app, is in use", two), "--app-port N", "--ports auto",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

func TestImpossiblePorts(t *testing.T) {
	for name, c := range map[string]struct {
		ports Ports
		want  string
	}{
		"twice":    {Ports{Master: 20001, Corporate: 20001}, "port 20001 cannot serve both the master pool and the corporate pool"},
		"too high": {Ports{App: 65536, Travel: 65537}, "--travel-port 65537 is not a port"},
		"negative": {Ports{Master: -1}, "--master-port -1 is not a port"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Start(t.Context(), Options{Ports: c.ports, Auto: true, Cost: cheap}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestNothingStays leaves no temporary folder, after an end and after a start
// that did not succeed.
func TestNothingStays(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	d, err := Start(t.Context(), Options{Auto: true, Cost: cheap})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"master.yaml", "corporate.yaml", "master.db", "corporate.db"} {
		info, err := os.Stat(filepath.Join(d.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %o", name, info.Mode().Perm())
		}
	}
	if _, err := Start(t.Context(), Options{Ports: d.plan.Ports, Cost: cheap}); err == nil {
		t.Error("a second demo started at the same ports")
	}
	end(t, d)
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestDataStays goes on, in a folder of its own, where the demo before ended:
// ports, people and their passwords, users of the master pool. Secrets are new.
func TestDataStays(t *testing.T) {
	o := Options{Data: filepath.Join(t.TempDir(), "kept"), Auto: true, Cost: cheap}
	before, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = before.Close(context.Background()) }()
	contract := before.Contract()
	ben := before.plan.Ben
	p := visit(t)
	p.open(before.plan.App() + "/signin?way=corporate")
	p.signIn(ben)
	p.fill("new_password", "Lantern-over-9-bridges")
	p.press("Save and continue")
	sub := p.read(claim("id", "sub"))

	if _, err := Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second demo in the same folder: %v", err)
	}
	p.open("about:blank") // the app's page would ask on for the app
	end(t, before)

	moved := o
	moved.Ports.Master = 20000
	if contract.Master.Issuer == "http://localhost:20000" {
		moved.Ports.Master++
	}
	if _, err := Start(t.Context(), moved); err == nil || !strings.Contains(err.Error(), "leave --master-port out") {
		t.Errorf("the master pool moved: %v", err)
	}

	o.Auto = false
	after, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(t, after) }) // once the window is closed, whose page would ask on
	again := after.Contract()
	if again.Master.ClientSecret == contract.Master.ClientSecret {
		t.Error("the client secret is the old one")
	}
	again.Master.ClientSecret = contract.Master.ClientSecret
	if again != contract {
		t.Errorf("before %+v\nafter %+v", contract, again)
	}
	u, err := directory.Get(t.Context(), after.Corporate.Pools()[0], ben.Username)
	if err != nil || u.Status != hub.Confirmed {
		t.Fatalf("%s after the restart: %+v, %v", ben.Username, u, err)
	}
	ben.Password = "Lantern-over-9-bridges"
	p = visit(t)
	p.open(after.plan.App() + "/signin?way=corporate")
	p.signIn(ben)
	if got := p.read(claim("id", "sub")); got != sub {
		t.Errorf("%s is %s after the restart, was %s", ben.Username, got, sub)
	}
	var text bytes.Buffer
	if err := after.Print(t.Context(), &text); err != nil || strings.Contains(text.String(), "temporary") {
		t.Errorf("%v, or it tells of a temporary password that is none any more:\n%s", err, &text)
	}
}

// TestForeignFolder refuses a folder whose files are not a demo's.
func TestForeignFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "master.yaml"), []byte("pools: 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{Data: dir, Auto: true, Cost: cheap}); err == nil || !strings.Contains(err.Error(), "something else than a demo") {
		t.Errorf("%v", err)
	}
}

// TestPrint holds the terminal to five lines that a terminal has room for.
func TestPrint(t *testing.T) {
	for _, fault := range append([]Fault{{}}, Faults...) {
		d := &Demo{fault: fault, plan: newPlan(UsualPorts, &past{})}
		if fault.breaks != nil {
			fault.breaks(d.plan)
		}
		var b bytes.Buffer
		if err := d.Print(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != 5 {
			t.Errorf("%s: %d lines", fault.Name, len(lines))
		}
		for _, line := range lines {
			if len(line) > 100 {
				t.Errorf("%s: %d columns: %s", fault.Name, len(line), line)
			}
		}
		for _, want := range []string{"http://localhost:3000", "http://localhost:8080", d.plan.Ana.Password, d.plan.Ben.Password} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: no word of %s", fault.Name, want)
			}
		}
	}
	d := &Demo{plan: newPlan(UsualPorts, &past{})}
	d.plan.customUI()
	var b bytes.Buffer
	if err := d.Print(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"http://localhost:3000", "http://localhost:3002", d.plan.Cleo.Password, d.plan.Ana.Password} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("custom UI: no word of %s", want)
		}
	}
	for line := range strings.Lines(b.String()) {
		if len(line) > 101 || strings.Count(b.String(), "\n") != 5 {
			t.Errorf("custom UI: %d columns: %s", len(line), line)
		}
	}
}

// TestPlan makes configurations that load, whatever is broken.
func TestPlan(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		p := newPlan(UsualPorts, &past{})
		for _, secret := range []string{p.ClientSecret, p.TravelSecret, p.LinkSecret} {
			if seen[secret] || len(secret) < 24 {
				t.Errorf("secret %q", secret)
			}
			seen[secret] = true
		}
	}
	if _, err := ParseFault("no-such"); err == nil || !strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("%v", err)
	}
}

// TestNarrator tells of a sign-in that stopped once, with the command that
// explains it.
func TestNarrator(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(Narrator(&b)("master", "demo/master.yaml"))
	log.Info("request", "status", 200)
	log.Warn("sign-in stopped", "trace", "K7QF-2M9X", "why", "The secret was refused.")
	log.Error("request", "status", 502, "trace", "K7QF-2M9X")
	log.Warn("disk is full")
	want := "Stopped   in the master pool. The secret was refused.\n          isthmus explain -c demo/master.yaml K7QF-2M9X\n"
	if got := b.String(); !strings.HasPrefix(got, want) || strings.Count(got, "K7QF") != 1 || !strings.Contains(got, "disk is full") || strings.Count(got, "\n") != 3 {
		t.Errorf("told:\n%s", got)
	}
}
