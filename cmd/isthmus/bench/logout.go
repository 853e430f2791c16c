//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The apps of a session that ends: some are there, some are not.
const (
	alive    = 40
	refusing = 5 // nobody listens
	hanging  = 5 // and these do not answer
	perLog   = alive + refusing + hanging
)

// What is measured of sign-outs, by the names that options.only chooses from.
const (
	oneName  = "sign-out of one"
	manyName = "sign-out of many"
)

// app is a client of the pool that people leave.
type app struct{ ID, URI string }

// ears are the apps' server: a path for each.
type ears struct {
	server *http.Server
	told   atomic.Int64

	mu    sync.Mutex
	heard map[string]time.Time // by app and sid, the first time
	last  time.Time
}

func listen() (*ears, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	e := &ears{heard: map[string]time.Time{}}
	e.server = &http.Server{Handler: e, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = e.server.Serve(l) }()
	return e, "http://" + l.Addr().String(), nil
}

func (e *ears) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/hanging") {
		_ = r.ParseForm() // or the end of the connection is not seen
		<-r.Context().Done()
		return
	}
	var claims struct{ SID string }
	parts := strings.Split(r.PostFormValue("logout_token"), ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.SID == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if key := r.URL.Path + " " + claims.SID; e.heard[key].IsZero() {
		e.last = time.Now()
		e.heard[key] = e.last
		e.told.Add(1)
	}
}

// wait waits until so many pairs of app and session are told, and returns when
// the last of them was.
func (e *ears) wait(ctx context.Context, n int64) (time.Time, error) {
	for end := time.Now().Add(2 * time.Minute); e.told.Load() < n; time.Sleep(time.Millisecond) {
		if err := ctx.Err(); err != nil || time.Now().After(end) {
			return time.Time{}, errors.Join(err, fmt.Errorf("%d of %d apps are told", e.told.Load(), n))
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last, nil
}

// oneLogout is how long it took until the last app that is there knew of the end
// of one session, and until all of them were on record; once a round.
type oneLogout struct{ told, recorded []time.Duration }

// manyLogouts is what came of many sessions that ended at once.
type manyLogouts struct {
	sessions       int
	took           time.Duration
	before, during []time.Duration // of sign-ins, in order
	idle, peak     float64         // MiB that the process allocated
}

// leave measures sign-outs.
func (s *series) leave(ctx context.Context) (err error) {
	e, address, err := listen()
	if err != nil {
		return err
	}
	defer e.server.Close()
	one, many := s.only.MatchString(oneName), s.only.MatchString(manyName)
	if one {
		fmt.Fprintf(s.progress, "\r%s: %-60s", s.algorithm, oneName)
		if err := s.leaveOne(ctx, e, address, 10*s.rounds); err != nil {
			return fmt.Errorf("%s: %w", oneName, err)
		}
	}
	if many {
		fmt.Fprintf(s.progress, "\r%s: %-60s", s.algorithm, manyName)
		if err := s.leaveMany(ctx, e, address); err != nil {
			return fmt.Errorf("%s: %w", manyName, err)
		}
	}
	fmt.Fprintf(s.progress, "\r%70s\r", "")
	return nil
}

// exodus is a pool with people in it who are going to leave.
type exodus struct {
	*world
	p       *process
	cookies []*http.Cookie
}

// prepare starts a pool with people whose sessions the apps share: the ones that
// are there, and so many groups of those that are not, of which each session has
// one.
func (s *series) prepare(ctx context.Context, name, address string, sessions, groups int) (*exodus, error) {
	w := *s.world
	w.Dir = filepath.Join(s.dir, name+string(s.algorithm)) // a store of its own
	if err := os.Mkdir(w.Dir, 0o700); err != nil {
		return nil, err
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	refused := "http://" + nobody.Addr().String()
	if err := nobody.Close(); err != nil {
		return nil, err
	}
	add := func(kind, address string, group, n int) (ids []string) {
		for i := range n {
			id := fmt.Sprintf("%s-%d-%d", kind, group, i)
			w.Apps = append(w.Apps, app{id, address + "/" + id})
			ids = append(ids, id)
		}
		return ids
	}
	live := add("alive", address, 0, alive)
	var sets [][]string
	for g := range groups {
		sets = append(sets, slices.Concat(live, add("refusing", refused, g, refusing), add("hanging", address, g, hanging)))
	}
	e := &exodus{world: &w}
	if e.cookies, err = w.populate(ctx, "leaving", sessions, sets); err != nil {
		return nil, err
	}
	path, err := w.write("leaving")
	if err != nil {
		return nil, err
	}
	serve := []string{s.program, "serve", "-c", path}
	if s.profile != "" {
		serve = []string{s.self, "profiled", path, s.profile + "." + string(s.algorithm) + "." + name}
	}
	e.p, err = start(w.Dir, w.Leaving()+discovery, w.MasterMetrics, serve[0], serve[1:]...)
	w.MasterAddress = w.LeavingAddress // for people who sign in
	return e, err
}

// signOut has a person's browser sign out.
func (e *exodus) signOut(c *http.Cookie) error {
	r, err := http.NewRequest(http.MethodGet, e.Leaving()+"/logout?"+url.Values{"client_id": {"alive-0-0"}, "logout_uri": {callback}}.Encode(), nil)
	if err != nil {
		return err
	}
	r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	res, body, err := exchange(r)
	if err != nil {
		return err
	}
	if res.Header.Get("Location") != callback {
		return fmt.Errorf("a sign-out is answered %s, to %q: %.300s", res.Status, res.Header.Get("Location"), body)
	}
	return nil
}

// delivered is how many apps are told by the pool's own account.
func (e *exodus) delivered() (n int64, err error) {
	res, err := (&http.Client{Transport: transport, Timeout: 5 * time.Second}).Get("http://" + e.MasterMetrics + "/metrics")
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "} ")
		if strings.HasPrefix(name, "isthmus_logout_told_total{") && strings.Contains(name, `outcome="delivered"`) {
			told, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return 0, err
			}
			n += told
		}
	}
	return n, lines.Err()
}

// leaveOne signs people out one after the other. The apps that are not there are
// others each time, so that nothing is known of them.
func (s *series) leaveOne(ctx context.Context, ears *ears, address string, rounds int) (err error) {
	e, err := s.prepare(ctx, "one", address, rounds, rounds)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.p.stop()) }()
	before := ears.told.Load()
	for n, c := range e.cookies {
		begun := time.Now()
		if err := e.signOut(c); err != nil {
			return err
		}
		last, err := ears.wait(ctx, before+int64(alive*(n+1)))
		if err != nil {
			return err
		}
		s.one.told = append(s.one.told, last.Sub(begun))
		for known := int64(0); known < int64(alive*(n+1)); time.Sleep(5 * time.Millisecond) {
			if known, err = e.delivered(); err != nil {
				return err
			}
			if time.Since(begun) > time.Minute {
				return fmt.Errorf("%d of %d are on record", known, alive*(n+1))
			}
		}
		s.one.recorded = append(s.one.recorded, time.Since(begun))
	}
	slices.Sort(s.one.told)
	slices.Sort(s.one.recorded)
	return nil
}

// leaveMany signs many people out at once, while others go on signing in.
func (s *series) leaveMany(ctx context.Context, ears *ears, address string) (err error) {
	e, err := s.prepare(ctx, "many", address, s.sessions, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.p.stop()) }()
	const guests = 4
	people := make([]*person, guests)
	for i := range people {
		people[i] = &person{world: e.world, session: s.world.cookies[i%len(s.world.cookies)]}
	}
	until := func(over func() bool) *phase {
		return &phase{people: guests, do: func(worker, _ int) error {
			if over() {
				return errNobodyLeft
			}
			return people[worker].signIn()
		}}
	}
	never := func() bool { return false }
	if _, err := until(never).run(s.round / 2); err != nil { // to warm up
		return err
	}
	if s.many.before, err = until(never).run(2 * s.round); err != nil {
		return err
	}
	idle, err := e.p.memory()
	if err != nil {
		return err
	}
	s.many.sessions, s.many.idle, s.many.peak = s.sessions, idle.own, idle.own

	goal := ears.told.Load() + int64(alive*s.sessions)
	begun := time.Now()
	var group sync.WaitGroup
	failures := make(chan error, s.people+2)
	for part := range slices.Chunk(e.cookies, (len(e.cookies)+s.people-1)/s.people) {
		group.Go(func() {
			for _, c := range part {
				if err := e.signOut(c); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	var over atomic.Bool
	group.Go(func() {
		defer over.Store(true)
		last, err := ears.wait(ctx, goal)
		failures <- err
		s.many.took = last.Sub(begun)
	})
	group.Go(func() {
		for ; !over.Load(); time.Sleep(20 * time.Millisecond) {
			if m, err := e.p.memory(); err == nil {
				s.many.peak = max(s.many.peak, m.own)
			}
		}
	})
	s.many.during, err = until(over.Load).run(5 * time.Minute)
	group.Wait()
	close(failures)
	for failed := range failures {
		err = errors.Join(err, failed)
	}
	slices.Sort(s.many.before)
	slices.Sort(s.many.during)
	return err
}

func (o oneLogout) print(out io.Writer) {
	if n := len(o.told); n > 0 {
		fmt.Fprintf(out, `
%s session with %d apps, %d of which refuse connections and %d hang, %d times (p50 and p99 in ms)
%8s %8s  until the last app that is there knew (goal 2,000)
%8s %8s  until all of these were on record
`, oneName, perLog, refusing, hanging, n,
			ms(o.told[n/2], 1), ms(o.told[n*99/100], 1), ms(o.recorded[n/2], 1), ms(o.recorded[n*99/100], 1))
	}
}

func (m manyLogouts) print(out io.Writer) {
	if len(m.before) == 0 || len(m.during) == 0 {
		return
	}
	p95 := func(d []time.Duration) time.Duration { return d[len(d)*95/100] }
	fmt.Fprintf(out, `
%s: %d sessions with %d apps each, %d of which refuse and %d hang, by as many people at a time as above
%.1f s until every app that is there knew of every session: %.0f a second
%.0f MiB allocated before, %.0f at most
sign-ins meanwhile, by four people: p95 %s ms before, %s during (%.1f times), %d of them
`, manyName, m.sessions, perLog, refusing, hanging, m.took.Seconds(), float64(m.sessions*alive)/m.took.Seconds(), m.idle, m.peak,
		ms(p95(m.before), 1), ms(p95(m.during), 1), float64(p95(m.during))/float64(p95(m.before)), len(m.during))
}
