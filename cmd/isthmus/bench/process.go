//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server under measurement.
type process struct {
	cmd     *exec.Cmd
	log     *os.File
	metrics string        // address of the telemetry; empty: none
	ready   time.Duration // from the start of the process to its first answer
}

// start starts a program and waits until url answers 200. What it prints goes
// to a file in dir.
func start(dir, url, metrics string, program string, args ...string) (*process, error) {
	log, err := os.CreateTemp(dir, filepath.Base(program)+"-*.log")
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(program, args...), log: log, metrics: metrics}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	for {
		res, err := client.Get(url)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				p.ready = time.Since(began)
				return p, nil
			}
		}
		if time.Since(began) > 20*time.Second || p.ended() {
			text, _ := os.ReadFile(log.Name())
			return nil, errors.Join(fmt.Errorf("%s does not answer at %s: %v\n%s", program, url, err, text), p.stop())
		}
		time.Sleep(time.Millisecond)
	}
}

// ended tells whether the process has gone already.
func (p *process) ended() bool {
	state, err := p.field("status", "State:")
	return err != nil || strings.HasPrefix(state, "Z")
}

// stop ends the process as an operator would, and waits for it.
func (p *process) stop() error {
	err := p.cmd.Process.Signal(syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	late := time.AfterFunc(20*time.Second, func() { _ = p.cmd.Process.Kill() }) // Wait tells of it
	defer late.Stop()
	return errors.Join(err, p.cmd.Wait(), p.log.Close())
}

// sample is what a process has used since its start.
type sample struct {
	cpu     time.Duration
	commits float64 // of its store
	allocs  float64 // objects
	bytes   float64 // of these objects
	disk    float64 // bytes that went to files
}

// before samples a process so that the sampling itself does not count: the
// clock comes last. after is its mirror image.
func (p *process) before() (sample, error) {
	s, err1 := p.counters()
	var err2 error
	s.cpu, err2 = p.cpu()
	return s, errors.Join(err1, err2)
}

func (p *process) after() (sample, error) {
	cpu, err1 := p.cpu()
	s, err2 := p.counters()
	s.cpu = cpu
	return s, errors.Join(err1, err2)
}

// cpu is the time spent on all cores, in user mode and in the kernel, in steps
// of 10 ms.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The second field is a name in parentheses, which may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", p.cmd.Process.Pid, len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// counters reads what the system and the telemetry count.
func (p *process) counters() (s sample, err error) {
	if s.disk, err = p.number("io", "write_bytes:"); err != nil || p.metrics == "" {
		return s, err
	}
	res, err := (&http.Client{Transport: transport, Timeout: 5 * time.Second}).Get("http://" + p.metrics + "/metrics")
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	wanted := map[string]*float64{
		"isthmus_store_commits_total": &s.commits, "go_memstats_mallocs_total": &s.allocs, "go_memstats_alloc_bytes_total": &s.bytes,
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if to := wanted[name]; to != nil {
			if *to, err = strconv.ParseFloat(value, 64); err != nil {
				return s, err
			}
		}
	}
	return s, lines.Err()
}

// memory is a process's resident memory in MiB: all of it, what it allocated
// itself, and the most it ever was.
type memory struct{ resident, own, peak float64 }

func (p *process) memory() (memory, error) {
	resident, err1 := p.number("status", "VmRSS:")
	own, err2 := p.number("status", "RssAnon:")
	peak, err3 := p.number("status", "VmHWM:")
	return memory{resident / 1024, own / 1024, peak / 1024}, errors.Join(err1, err2, err3)
}

// number reads a number, which may have a unit, from a file about the process.
func (p *process) number(file, key string) (float64, error) {
	text, err := p.field(file, key)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSuffix(text, " kB"), 64)
}

// field reads one line of a file about the process.
func (p *process) field(file, key string) (string, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, file))
	if err != nil {
		return "", err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), key); ok {
			return strings.TrimSpace(rest), nil
		}
	}
	return "", fmt.Errorf("%s has no line %s", f.Name(), key)
}
