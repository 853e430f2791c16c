package rehearse

import (
	"fmt"
	"time"
)

// Report is what a rehearsal found.
type Report struct {
	File    string        `json:"file"`
	OK      bool          `json:"ok"`     // everybody who should have known did in time
	Within  time.Duration `json:"-"`      // by when everybody must know
	Limit   float64       `json:"within"` // Within in seconds
	Faults  []string      `json:"faults,omitempty"`
	Remarks []Remark      `json:"remarks,omitempty"`
	Ends    []End         `json:"ends"`
}

// Remark is about something that is not rehearsed.
type Remark struct {
	Pool string `json:"pool"`
	Text string `json:"text"`
}

// End is one session's end.
type End struct {
	Pool    string    `json:"pool"`
	Kind    Kind      `json:"end"`
	By      string    `json:"by,omitempty"` // the client or the provider whose doing it was
	Way     string    `json:"way"`          // in: the provider, or COGNITO
	Title   string    `json:"title"`
	OK      bool      `json:"ok"`
	Began   time.Time `json:"began"`
	Took    float64   `json:"seconds"`
	Problem string    `json:"problem,omitempty"` // why it could not be rehearsed
	Parties []Party   `json:"parties,omitempty"`
	Checks  []Check   `json:"checks,omitempty"` // of the person's browser
}

// Party is somebody who had to hear of it.
type Party struct {
	Name     string   `json:"name"`
	Provider bool     `json:"provider,omitempty"`
	Channel  string   `json:"channel,omitempty"` // by which it was told, or should have been
	Telling  Telling  `json:"telling"`
	Note     string   `json:"note,omitempty"`
	After    *float64 `json:"after,omitempty"` // seconds, of the first word that it took
	Attempts int      `json:"attempts,omitempty"`
	Outcome  string   `json:"outcome,omitempty"` // in the hub's record
	Access   State    `json:"access_token,omitempty"`
	Refresh  State    `json:"refresh_token,omitempty"`
	Wrong    []string `json:"wrong,omitempty"` // of the tokens
}

// Telling is whether a party knows.
type Telling string

// The tellings.
const (
	Told   Telling = "told"
	Missed Telling = "missed" // it should have known by now
	Mute   Telling = "mute"   // it has no way to be told, at this end
)

// State is whether a token still gives something.
type State string

// The states.
const (
	Dead  State = "dead"
	Alive State = "alive"
)

// Check is one thing about the person's browser afterwards.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// OK tells whether all is with a party as it should be.
func (p *Party) OK() bool { return p.Telling != Missed && len(p.Wrong) == 0 }

// settle makes up OK of what is below it.
func (e *End) settle() {
	e.OK = e.Problem == ""
	for i := range e.Parties {
		e.OK = e.OK && e.Parties[i].OK()
	}
	for _, c := range e.Checks {
		e.OK = e.OK && c.OK
	}
}

// Name tells an end from all others of a report.
func (e *End) Name() string {
	name := fmt.Sprintf("%s/%s", e.Pool, e.Kind)
	if e.By != "" {
		name += "/" + e.By
	}
	if e.By != e.Way {
		name += "/" + wayName(e.Way)
	}
	return name
}
