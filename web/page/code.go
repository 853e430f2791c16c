package page

import (
	"strconv"
	"time"
)

// Code asks for a one-time code that was sent to the person.
//
// The form posts tx and code to Action, or tx and choice "resend".
type Code struct {
	Base
	Client  string
	To      string        // where it was sent, masked: "a***@example.test"
	Digits  int           // length of the code; 0 means 6
	Resend  time.Duration // until another may be asked for; shown as a count-down
	Action  string
	Tx      string
	Problem Problem
}

type codeView struct {
	Frame
	Client, To, Digits, Wait, Action, Tx string
	Problem                              *problemView
}

func (p *Code) view(l *locale, f Frame) (string, any) {
	v := &codeView{Frame: f, Client: p.Client, To: p.To, Digits: "6", Action: p.Action, Tx: p.Tx, Problem: l.problem(p.Problem)}
	if p.Digits > 0 {
		v.Digits = strconv.Itoa(p.Digits)
	}
	if p.Resend > 0 {
		v.Wait = strconv.Itoa(int(p.Resend.Round(time.Second).Seconds()))
	}
	return "code", v
}
