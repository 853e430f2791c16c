//go:build linux

// Command bench measures what a hub costs. It builds isthmus, starts a master
// pool and the corporate pool behind it as two processes, and lets virtual
// people sign in at the master pool through the corporate one: authorize, the
// provider's authorize with a session that is live there, callback, token
// request of the app. Then come first sign-ins, refresh, userInfo, discovery and
// sign-ins that nobody finishes; and last, in a pool of its own, sign-outs of
// people whose apps are to hear of it, one at a time and many at once.
//
//	go run ./cmd/isthmus/bench        (or: make bench)
//
// The figure to compare is the CPU time of the master pool's process: rates and
// latencies also measure the people and the other pool, which share the machine.
// As machines differ and are seldom quiet, the run measures the same machine's
// floor as well: bare signatures, a bare HTTP answer, a bare group commit.
// Every figure is the median of several rounds, which take turns.
//
// It reads /proc, so it is there on Linux only. It is no part of the program, and no test:
// it prints goals beside figures and judges nothing.
//
//	bench.go    the order of it all
//	world.go    the two pools, their people and the folder they live in
//	process.go  a pool as a process: started, measured, stopped
//	person.go   a virtual person, and the app's side of a sign-in
//	phase.go    what is done again and again, and what it cost
//	logout.go   sign-outs that many apps hear of
//	floor.go    what nobody can go below
//	table.go    how it is printed
package main
