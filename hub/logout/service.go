package logout

import (
	"context"
	"net/url"
	"runtime"
	"sync"
	"time"

	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// Options are what a Service works with.
type Options struct {
	// Post sends a form to a client and returns the status of the answer and the
	// beginning of its body, or why there is none. It follows no redirects and goes
	// nowhere that the outbound policy forbids: see outbound.Poster.
	Post func(ctx context.Context, uri string, form url.Values) (status int, body []byte, err error)
	// Told hears of each party whose outcome has become known; Closed of each
	// logout whose last party's has. Both may be nil; they must be quick.
	Told   func(*hub.Pool, *hub.Logout, *hub.Hop)
	Closed func(*hub.Pool, *hub.Logout)
}

// Service ends sessions of any pool and sees to it that everybody hears of it.
// One serves the whole process.
type Service struct {
	Options
	wake        chan struct{}
	calls, slow chan struct{} // places of calls under way
	late        chan struct{} // places of logouts that wait for calls which take long
	signing     chan struct{} // places of signatures, so that sign-ins find a processor
	writing     chan struct{} // and of records written, so that they find the store

	mu      sync.Mutex
	running map[string]map[string]bool // logouts in hand, by pool and id
	total   int                        // of them
	room    int                        // that came free since begin looked
	lanes   map[string]*lane
	work    sync.WaitGroup
}

// maxWriting is how many records wait for the store at once. A sign-in waits for
// those before it, and one of fifty clients takes half a millisecond.
const maxWriting = 8

// Bounds of the logouts in hand at once: of a pool, and of all. One of each pool
// always is, whatever the others have to do.
const (
	maxRunning = 16
	maxTotal   = 256
)

// New makes a service. Nobody is told of anything until Run.
func New(o Options) *Service {
	return &Service{
		Options: o, wake: make(chan struct{}, 1),
		calls: make(chan struct{}, maxCalls), slow: make(chan struct{}, maxSlow), late: make(chan struct{}, maxLate),
		signing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), writing: make(chan struct{}, maxWriting),
		running: map[string]map[string]bool{}, lanes: map[string]*lane{},
	}
}

// Wake has Run look for logouts at once: for Pool.Ended.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// poll is how often Run looks without being woken: for what is to be tried again,
// and for what other hubs of the store left.
const poll = time.Second

// Run tells clients of sessions that ended, until ctx ends; then it waits for
// the calls under way, which end with ctx, and their records.
func (s *Service) Run(ctx context.Context, pools func() []*hub.Pool) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	defer s.work.Wait()
	for {
		s.mu.Lock()
		s.room = 0
		s.mu.Unlock()
		for _, p := range pools() {
			if err := s.begin(ctx, p); err != nil && ctx.Err() == nil {
				p.Log.Error("logouts", "pool", p.Name, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case now := <-tick.C:
			s.forget(now)
		}
	}
}

// begin takes up the logouts that are due, as far as there is room.
func (s *Service) begin(ctx context.Context, p *hub.Pool) error {
	var due []*hub.Logout
	err := p.Space.View(ctx, func(tx *store.Tx) (err error) {
		// The first one mostly says that none is due, and records can be large.
		for _, limit := range []int{1, maxRunning} {
			due, _, err = hub.Logouts.List(tx, "due", "", store.Page{Limit: limit})
			if err != nil || len(due) == 0 || due[0].Next.After(p.Now()) {
				return err
			}
		}
		return nil
	})
	for _, l := range due {
		if l.Next.After(p.Now()) {
			break
		}
		if !s.take(p, l.ID) {
			continue
		}
		s.work.Go(func() {
			defer s.release(p, l.ID)
			s.complain(ctx, p, l.ID, s.deliver(ctx, p, l.ID))
		})
	}
	return err
}

func (s *Service) complain(ctx context.Context, p *hub.Pool, id string, err error) {
	if err != nil && ctx.Err() == nil {
		p.Log.Error("logout", "pool", p.Name, "id", id, "error", err)
	}
}

// take reserves a logout; false when it is under way, or when there is no room
// for it.
func (s *Service) take(p *hub.Pool, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.running[p.Name]
	if mine[id] || len(mine) >= maxRunning || len(mine) > 0 && s.total >= maxTotal {
		return false
	}
	if mine == nil {
		mine = map[string]bool{}
		s.running[p.Name] = mine
	}
	mine[id] = true
	s.total++
	return true
}

func (s *Service) release(p *hub.Pool, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running[p.Name], id)
	if len(s.running[p.Name]) == 0 {
		delete(s.running, p.Name)
	}
	s.total--
	if s.room++; s.room == maxRunning/4 {
		s.Wake() // others may wait for the room; to look for each would be dear
	}
}

// amendInTurn is amend for what no person waits for.
func (s *Service) amendInTurn(ctx context.Context, p *hub.Pool, id string, change func(l *hub.Logout, now time.Time)) (*hub.Logout, error) {
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	return s.amend(ctx, p, id, change)
}

// amend changes the record of a logout and reports what has become known by it.
// A nil record: there is none any more. change may run twice.
func (s *Service) amend(ctx context.Context, p *hub.Pool, id string, change func(l *hub.Logout, now time.Time)) (l *hub.Logout, err error) {
	var known []*hub.Hop
	closed := false
	err = p.Space.Update(ctx, func(tx *store.Tx) error {
		known = nil
		var err error
		if l, err = find(tx, id); err != nil || l == nil {
			return err
		}
		open, waiting := l.Open(), make([]bool, len(l.Hops))
		for i := range l.Hops {
			waiting[i] = l.Hops[i].Outcome == hub.Waiting
		}
		change(l, tx.Now)
		l.Reckon()
		for i := range l.Hops {
			if h := &l.Hops[i]; waiting[i] && h.Outcome != hub.Waiting {
				known = append(known, h)
			}
		}
		closed = open && !l.Open()
		return hub.Logouts.Put(tx, l)
	})
	if err != nil || l == nil {
		return l, err
	}
	for _, h := range known {
		s.told(p, l, h)
	}
	if closed && s.Closed != nil {
		s.Closed(p, l)
	}
	return l, nil
}

func (s *Service) told(p *hub.Pool, l *hub.Logout, h *hub.Hop) {
	e := p.Event(hub.LogoutTold, hub.Visitor{RequestID: l.RequestID})
	e.OK, e.Client, e.Provider, e.Sub, e.Reason = h.Outcome == hub.Delivered, h.ClientID, h.Provider, l.Sub, string(h.Outcome)
	p.Record(e)
	if s.Told != nil {
		s.Told(p, l, h)
	}
}
