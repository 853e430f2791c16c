package logouttest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Behaviour is how a party answers. The zero value is a good one. Delay comes
// first; then the first of the others that is set decides.
type Behaviour struct {
	Times   int           // how many words, then the party is good again; 0: until Behave
	For     time.Duration // how long, likewise; 0: until Behave
	Channel Channel       // on this one only; empty: on both

	Delay    time.Duration // before the answer
	Down     bool          // nobody listens; with Times only For ends it
	Hang     bool          // no answer until the caller or the party ends
	Reset    bool          // the connection is reset
	Redirect string        // 307 to this URL
	Error    string        // an OAuth error by this code, with Status (0: 400)
	Pad      int           // 200 and so many bytes
	Status   int           // this status, with nothing
}

// NamedBehaviour is a Behaviour of the catalogue.
type NamedBehaviour struct {
	Name string
	Behaviour
}

// Behaviours is the catalogue, by name: what relying parties do on good days and
// bad.
func Behaviours() []NamedBehaviour {
	return []NamedBehaviour{
		{"ok", Behaviour{}},
		{"no-content-204", Behaviour{Status: 204}},
		{"slow", Behaviour{Delay: 2 * time.Second}},
		{"fails-once", Behaviour{Times: 1, Status: 503}},
		{"drops-twice", Behaviour{Times: 2, Reset: true}},
		{"back-after-2s", Behaviour{Down: true, For: 2 * time.Second}},
		{"refuse-400", Behaviour{Error: "invalid_request"}},
		{"refuse-500", Behaviour{Status: 500}},
		{"unavailable-503", Behaviour{Status: 503}},
		{"not-found-404", Behaviour{Status: 404}},
		{"redirect", Behaviour{Redirect: "/"}},
		{"hang", Behaviour{Hang: true}},
		{"reset", Behaviour{Reset: true}},
		{"huge", Behaviour{Pad: 64 << 20}},
		{"down", Behaviour{Down: true}},
	}
}

// BehaviourNamed finds a behaviour of the catalogue; the error lists the names.
func BehaviourNamed(name string) (Behaviour, error) {
	var names []string
	for _, b := range Behaviours() {
		if b.Name == name {
			return b.Behaviour, nil
		}
		names = append(names, b.Name)
	}
	return Behaviour{}, fmt.Errorf("logouttest: no behaviour %q; there are %s", name, strings.Join(names, ", "))
}

// Behave makes the party answer like this from now on. The error is that of
// listening again after it was down.
func (p *Party) Behave(b Behaviour) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.behave(b)
}

func (p *Party) behave(b Behaviour) error {
	select {
	case <-p.done:
		return fmt.Errorf("the relying party %s is closed", p.cfg.ClientID)
	default:
	}
	p.change++
	p.behaviour = b
	if b.For > 0 {
		change := p.change
		time.AfterFunc(b.For, func() { p.recover(change) })
	}
	if b.Down {
		return p.shut()
	}
	if p.server == nil {
		return p.listen()
	}
	return nil
}

// again is the pause between attempts to listen where somebody else does now.
const again = 100 * time.Millisecond

// recover ends a behaviour that has not been replaced since.
func (p *Party) recover(change int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.change != change {
		return
	}
	if err := p.behave(Behaviour{}); err != nil {
		change := p.change
		time.AfterFunc(again, func() { p.recover(change) })
	}
}

// take is the behaviour for one word.
func (p *Party) take(c Channel) Behaviour {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.behaviour
	if b.Channel != "" && b.Channel != c {
		return Behaviour{}
	}
	if b.Times > 0 && !b.Down {
		if p.behaviour.Times--; p.behaviour.Times == 0 {
			p.behaviour, p.change = Behaviour{}, p.change+1
		}
	}
	return b
}

// answer puts a word on record and answers it.
func (p *Party) answer(w http.ResponseWriter, r *http.Request, word Word) {
	b := p.take(word.Channel)
	if b.Delay > 0 && !p.pause(r, b.Delay) {
		p.note(word)
		panic(http.ErrAbortHandler)
	}
	switch {
	case b.Hang:
		p.note(word)
		select {
		case <-r.Context().Done():
		case <-p.done:
		}
		panic(http.ErrAbortHandler)
	case b.Reset:
		p.note(word)
		reset(w)
	case b.Redirect != "":
		word.Status = http.StatusTemporaryRedirect
		p.note(word)
		w.Header().Set("Location", b.Redirect)
		w.WriteHeader(word.Status)
	case b.Error != "":
		p.refuse(w, word, cmp.Or(b.Status, http.StatusBadRequest), b.Error, "the relying party was told to refuse")
	case b.Status/100 > 2:
		word.Status = b.Status
		p.note(word)
		w.WriteHeader(b.Status)
	case word.Problem != nil:
		p.refuse(w, word, http.StatusBadRequest, "invalid_request", word.Problem.Error())
	default:
		word.Status, word.SignedOut = cmp.Or(b.Status, http.StatusOK), true
		p.note(word)
		w.WriteHeader(word.Status)
		_, _ = io.CopyN(w, blanks{}, int64(b.Pad))
	}
}

// refuse is the answer to a token that is not taken (Back-Channel Logout §2.8).
func (p *Party) refuse(w http.ResponseWriter, word Word, status int, code, description string) {
	word.Status = status
	p.note(word)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description})
}

// pause waits, or returns false if the caller or the party went away.
func (p *Party) pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-p.done:
	}
	return false
}

// reset ends the connection so that the caller sees a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// blanks reads as blanks without end.
type blanks struct{}

var blank = bytes.Repeat([]byte(" "), 32<<10)

func (blanks) Read(b []byte) (int, error) { return copy(b, blank), nil }
