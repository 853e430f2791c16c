//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/isthmus-hub/isthmus/hub/token"
)

// options are the choices of the command line.
type options struct {
	people     int
	round      time.Duration
	rounds     int
	sessions   int
	algorithms string
	only       string
	log        string
	profile    string
	program    string
}

// turn is how many returning people each worker sees in turn.
const turn = 8

// bench starts everything, measures everything and prints it to out. How far it
// got goes to progress.
func bench(ctx context.Context, o options, out, progress io.Writer) (err error) {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "isthmus-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.program == "" {
		o.program, err = build(ctx, dir)
	} else {
		o.program, err = filepath.Abs(o.program)
	}
	if err != nil {
		return err
	}
	returning := o.people * turn
	// A thousand newcomers a second are more than a master pool takes in.
	newcomers := int(float64(o.rounds) * o.round.Seconds() * 1000)
	w, err := newWorld(ctx, dir, o.log, returning+newcomers)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bare, err := start(dir, "http://"+w.BareAddress, "", self, "bare", w.BareAddress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()

	printHead(out, o)
	for name := range strings.SplitSeq(o.algorithms, ",") {
		a, err := token.ParseAlgorithm(name)
		if err != nil {
			return err
		}
		s := &series{options: o, progress: progress, dir: dir, self: self, world: w, bare: bare, only: only, algorithm: a}
		if err := s.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
		s.print(out)
	}
	return nil
}

// build builds the program into dir.
func build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "isthmus")
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "github.com/isthmus-hub/isthmus/cmd/isthmus")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, text)
	}
	return program, nil
}

// discovery is the first thing a hub is asked for.
const discovery = "/.well-known/openid-configuration"

// series is all measurements of a master pool with one algorithm.
type series struct {
	options
	progress  io.Writer
	dir, self string
	world     *world
	bare      *process
	only      *regexp.Regexp
	algorithm token.Algorithm

	phases      []*phase
	results     map[*phase][]round
	floors      []floors
	ready       []time.Duration
	idle, after memory
	one         oneLogout
	many        manyLogouts
}

// measure runs the pool from its first start to its end.
func (s *series) measure(ctx context.Context) (err error) {
	s.world.Algorithm = string(s.algorithm)
	path, err := s.world.write(corporatePool)
	if err != nil {
		return err
	}
	corporate, err := start(s.dir, s.world.Corporate()+discovery, "", s.program, "serve", "-c", path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, corporate.stop()) }()
	path, err = s.world.write("master")
	if err != nil {
		return err
	}
	serve := []string{s.program, "serve", "-c", path}
	// The first start makes the keys.
	for range 1 + s.rounds {
		p, err := s.start(serve)
		if err != nil {
			return err
		}
		s.ready = append(s.ready, p.ready)
		if err := p.stop(); err != nil {
			return err
		}
	}
	s.ready = s.ready[1:]
	slices.Sort(s.ready)
	if s.profile != "" {
		serve = []string{s.self, "profiled", path, s.profile + "." + string(s.algorithm)}
	}
	p, err := s.start(serve)
	if err != nil {
		return err
	}
	if err := s.observe(ctx, p); err != nil {
		return errors.Join(err, p.stop())
	}
	if err := p.stop(); err != nil {
		return err
	}
	return s.leave(ctx)
}

// observe measures a pool that has just started.
func (s *series) observe(ctx context.Context, p *process) (err error) {
	time.Sleep(time.Second)
	if s.idle, err = p.memory(); err != nil {
		return err
	}
	if err := s.load(ctx, p); err != nil {
		return err
	}
	s.after, err = p.memory()
	return err
}

func (s *series) start(serve []string) (*process, error) {
	return start(s.dir, s.world.Master()+discovery, s.world.MasterMetrics, serve[0], serve[1:]...)
}

// load puts people to work, each kind of it in every round.
func (s *series) load(ctx context.Context, p *process) error {
	people := make([]*person, len(s.world.cookies))
	for i, c := range s.world.cookies {
		people[i] = &person{world: s.world, session: c}
	}
	returning, newcomers := people[:s.people*turn], people[s.people*turn:]
	warmUp := phase{people: s.people, do: func(worker, n int) error {
		if n == turn {
			return errNobodyLeft
		}
		return returning[worker*turn+n].signIn()
	}}
	if _, err := warmUp.run(time.Minute); err != nil {
		return err
	}
	s.plan(returning, newcomers)
	s.results = map[*phase][]round{}
	for n := range s.rounds {
		f, err := measureFloors(ctx, s.dir, s.bare, "http://"+s.world.BareAddress, s.people, min(s.round/5, 300*time.Millisecond))
		if err != nil {
			return err
		}
		s.floors = append(s.floors, f)
		for _, ph := range s.phases {
			fmt.Fprintf(s.progress, "\r%s, round %d of %d: %-40s", s.algorithm, n+1, s.rounds, ph.name)
			runtime.GC() // ours, so that it does not fall into the measurement
			r, err := ph.measure(p, s.round)
			if err != nil {
				return err
			}
			s.results[ph] = append(s.results[ph], r)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(s.progress, "\r%70s\r", "")
	return nil
}

// plan lists what is measured.
func (s *series) plan(returning, newcomers []*person) {
	of := func(do func(*person) error) func(int, int) error {
		return func(worker, n int) error { return do(returning[worker*turn+n%turn]) }
	}
	var next atomic.Int64
	first := func(int, int) error {
		i := int(next.Add(1)) - 1
		if i >= len(newcomers) {
			return errNobodyLeft
		}
		return newcomers[i].signIn()
	}
	goals := goalsOf[s.algorithm]
	a := s.algorithm
	for _, ph := range []*phase{
		{"sign-in, returning", s.people, of((*person).signIn), signInFloor(a), goals.signIn},
		{"sign-in, first", s.people, first, signInFloor(a), goals.first},
		{"sign-in, alone", 1, of((*person).signIn), signInFloor(a), goals.alone},
		{"sign-in, abandoned", s.people, of((*person).abandon), func(f floors) time.Duration { return f.in }, goals.abandoned},
		{"refresh", s.people, of((*person).refresh), func(f floors) time.Duration { return 2*f.sign[a] + f.in + f.write }, goals.refresh},
		{"userInfo", s.people, of((*person).userInfo), func(f floors) time.Duration { return f.verify[a] + f.in }, goals.userInfo},
		{"discovery and keys", s.people, of((*person).discover), func(f floors) time.Duration { return 2 * f.in }, goals.discovery},
	} {
		if s.only.MatchString(ph.name) {
			s.phases = append(s.phases, ph)
		}
	}
}
