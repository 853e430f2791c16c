package demo

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"
)

// Ports are where the parts of a demo listen, on localhost.
type Ports struct{ Master, Corporate, App, Travel int }

// UsualPorts are taken when nobody says otherwise.
var UsualPorts = Ports{Master: 8080, Corporate: 8081, App: 3000, Travel: 3001}

// slot is one of the ports, with the words for it.
type slot struct {
	what, flag string
	of         func(*Ports) *int
}

var slots = []slot{
	{"the master pool", "--master-port", func(p *Ports) *int { return &p.Master }},
	{"the corporate pool", "--corporate-port", func(p *Ports) *int { return &p.Corporate }},
	{"the app", "--app-port", func(p *Ports) *int { return &p.App }},
	{"the second app", "--travel-port", func(p *Ports) *int { return &p.Travel }},
}

// choosePorts fills in the ports that were not asked for and refuses those that
// cannot be had, all of them at once.
func choosePorts(o Options, before *past) (Ports, error) {
	ports := o.Ports
	var errs []error
	taken := map[int]string{}
	for i, s := range slots {
		asked, last := *s.of(&ports), *s.of(&before.ports)
		port := asked
		switch {
		case asked != 0 && last != 0 && asked != last && i < 2:
			errs = append(errs, fmt.Errorf(
				"%s of this folder has the port %d, and its people are known by that; leave %s out, or take another folder", s.what, last, s.flag))
			continue
		case asked == 0 && last != 0:
			port = last
		case asked == 0 && o.Auto:
			port = freePort(taken)
		case asked == 0:
			port = *s.of(&UsualPorts)
		}
		switch {
		case port < 1 || port > 65535:
			errs = append(errs, fmt.Errorf("%s %d is not a port: 1 to 65535", s.flag, port))
		case taken[port] != "":
			errs = append(errs, fmt.Errorf("port %d cannot serve both %s and %s", port, taken[port], s.what))
		case busy(port):
			errs = append(errs, fmt.Errorf(
				"port %d, for %s, is in use by another program: stop that, or give %s N, or --ports auto", port, s.what, s.flag))
		}
		taken[port] = s.what
		*s.of(&ports) = port
	}
	return ports, errors.Join(errs...)
}

// freePort finds a port that nobody listens at. It looks below the range that
// systems give to outgoing connections, so that none takes it meanwhile.
func freePort(taken map[int]string) int {
	for {
		if port := 20000 + random(10000); taken[port] == "" && !busy(port) {
			return port
		}
	}
}

// busy tells whether somebody else listens at a port of localhost. Both loopback
// addresses count: a browser may take either. Some systems let two programs
// listen side by side, so it also knocks.
func busy(port int) bool {
	for _, host := range []string{"127.0.0.1", "::1"} {
		a := net.JoinHostPort(host, strconv.Itoa(port))
		if c, err := net.DialTimeout("tcp", a, 200*time.Millisecond); err == nil {
			_ = c.Close()
			return true
		}
		l, err := net.Listen("tcp", a)
		if err == nil {
			_ = l.Close()
		} else if errors.Is(err, syscall.EADDRINUSE) {
			return true
		}
	}
	return false
}

func address(port int) string { return net.JoinHostPort("localhost", strconv.Itoa(port)) }
