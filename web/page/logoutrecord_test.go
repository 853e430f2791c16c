package page

import (
	"fmt"
	"time"
)

const ms = time.Millisecond

var begun = time.Date(2026, 11, 20, 9, 14, 3, 0, time.UTC)

func told(name string, from, until time.Duration) Hop {
	return Hop{
		Kind: ClientHop, Name: name, Channel: BackChannel, Outcome: Delivered, Address: "https://" + name + ".example/backchannel",
		From: from, Until: until, Attempts: []Attempt{{At: from, Took: until - from, Status: 200}},
	}
}

// everyRecord is the LogoutRecord in each of its states.
func everyRecord(b Base) map[string]Page {
	session := Hop{Kind: SessionHop, Outcome: Delivered, Until: 2 * ms}
	company := Hop{Kind: ProviderHop, Name: "CorporateID", Channel: ByBrowser, Outcome: Unknown, From: 90 * ms, Until: 130 * ms}
	waiting := Hop{
		Kind: ClientHop, Name: "Payroll", Channel: BackChannel, Outcome: Pending, Address: "https://payroll.example/oidc/backchannel-logout", From: 4 * ms,
		Attempts: []Attempt{{At: 4 * ms, Took: 2 * time.Second, Error: "no answer within 2 s"}, {At: 5 * time.Second, Took: 41 * ms, Status: 503, Error: "the app is not ready"}}, Next: 15 * time.Second,
	}
	refused := Hop{
		Kind: ClientHop, Name: "Travel and all that belongs to it", Channel: BackChannel, Outcome: Refused, Address: "https://travel.example/bcl", From: 4 * ms, Until: 45 * ms,
		Attempts: []Attempt{{At: 4 * ms, Took: 41 * ms, Status: 400, Error: "invalid_request: unknown sid"}},
	}
	lost := Hop{Kind: ClientHop, Name: "Wiki", Channel: BackChannel, Outcome: GaveUp, Address: "https://wiki.example/logout", From: 4 * ms, Until: 40 * time.Minute}
	for _, at := range []time.Duration{4 * ms, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 40*time.Minute - 2*time.Second} {
		lost.Attempts = append(lost.Attempts, Attempt{At: at, Took: 2 * time.Second, Error: "dial tcp 192.0.2.7:443: connection refused"})
	}
	mute := Hop{Kind: ClientHop, Name: "Old Intranet", Outcome: NotSupported}
	frame := Hop{Kind: ClientHop, Name: "Maps", Channel: FrontChannel, Outcome: Unknown, From: 4 * ms, Until: 300 * ms}
	still := waiting
	still.Next = 41 * time.Minute
	record := func(r LogoutRecord) *LogoutRecord {
		r.Base, r.Begun, r.ID, r.Hub = b, begun, "L7QF-2M9X", "Acme"
		return &r
	}
	pages := map[string]Page{
		"record":          record(LogoutRecord{Cause: ByApp, CauseName: "Expenses", Account: "anna@acme.example", Took: 84 * ms, Hops: []Hop{session, told("Expenses", 3*ms, 31*ms), told("Fleet", 3*ms, 84*ms), told("Payroll", 4*ms, 52*ms)}, Return: "https://expenses.example/", Client: "Expenses"}),
		"record/one":      record(LogoutRecord{Cause: ByPerson, Account: "anna@acme.example", Took: 84 * ms, Hops: []Hop{session, told("Fleet", 3*ms, 84*ms)}}),
		"record/open":     record(LogoutRecord{Cause: ByApp, CauseName: "Expenses", Account: "anna@acme.example", Open: true, Took: 9 * time.Second, Hops: []Hop{session, told("Fleet", 3*ms, 84*ms), waiting, told("Maps", 3*ms, 23*ms)}, Return: "https://expenses.example/", Client: "Expenses", Refresh: 2 * time.Second, Toggle: "/logouts/L7?follow=no"}),
		"record/paused":   record(LogoutRecord{Cause: ByReplacement, Open: true, Took: 9 * time.Second, Hops: []Hop{session, waiting, waiting}, Toggle: "/logouts/L7", Return: "https://expenses.example/"}),
		"record/details":  record(LogoutRecord{Cause: ByProvider, CauseName: "CorporateID", Account: "anna@acme.example", Open: true, Took: 40 * time.Minute, Details: true, Hops: []Hop{session, told("Expenses", 3*ms, 6*ms), told("Fleet", 3*ms, 84*ms), still, refused, lost, mute, frame}, Refresh: 2 * time.Second}),
		"record/mixed":    record(LogoutRecord{Cause: ByPerson, Account: "anna@acme.example", Took: 40 * time.Minute, Hops: []Hop{company, session, told("Expenses", 3*ms, 6*ms), told("Fleet", 3*ms, 84*ms), refused, lost, mute, frame}}),
		"record/twice":    record(LogoutRecord{Cause: ByAdministrator, Took: 40 * time.Minute, Hops: []Hop{refused, refused, lost, lost, mute, mute, frame, frame}}),
		"record/both":     record(LogoutRecord{Cause: ByExpiry, Took: 9 * ms, Hops: []Hop{told("Expenses", 3*ms, 6*ms), told("Fleet", 3*ms, 9*ms)}}),
		"record/nobody":   record(LogoutRecord{Cause: ByApp}),
		"record/company":  record(LogoutRecord{Cause: ByProvider, Hops: []Hop{session}}),
		"record/sessions": record(LogoutRecord{Cause: ByDisabling, Account: "ben", Took: ms / 2, Hops: []Hop{{Kind: SessionHop, Name: "Chrome on Windows", Outcome: Delivered, Until: ms / 2}, {Kind: SessionHop, Name: "Firefox on Linux", Outcome: Delivered, Until: ms / 2}}}),
	}
	for _, c := range []Cause{ByDeletion, ByPassword, "odd"} {
		pages["record/cause "+string(c)] = record(LogoutRecord{Cause: c, CauseName: "Expenses", Hops: []Hop{session}})
	}
	for _, h := range []Hop{waiting, refused, lost, mute, frame, {Kind: ClientHop, Name: "Odd", Outcome: "odd"}} {
		pages["record/only "+string(h.Outcome)] = record(LogoutRecord{Cause: ByPerson, Took: 9 * time.Second, Hops: []Hop{session, h}})
	}
	many := record(LogoutRecord{Cause: ByPassword, Account: "anna@acme.example", Took: 3 * time.Second, Hops: []Hop{session}})
	for i := range 50 {
		h := told(fmt.Sprintf("App %d", i+1), time.Duration(3+i)*ms, time.Duration(20+i*i%1700)*ms)
		if i%17 == 5 {
			h.Outcome = Refused
		}
		many.Hops = append(many.Hops, h)
	}
	pages["record/many"] = many
	return pages
}
