package config

import (
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// single reports a node that is not one value.
func (r *reader) single(n *node, path, what string) bool {
	if n.kind == scalarKind {
		return true
	}
	r.problem(path, fmt.Sprintf("must be %s, found %s", what, n.kind), "")
	return false
}

func (r *reader) text(v reflect.Value, n *node, path string, f field) {
	if !r.single(n, path, "one text") {
		return
	}
	if len(f.oneof) > 0 && !slices.Contains(f.oneof, n.text) {
		r.problem(path, fmt.Sprintf("%s is not known here", quote(n.text)), oneOf(n.text, f.oneof))
		return
	}
	v.SetString(n.text)
}

// oneOf says which values are right, the nearest first if there is one.
func oneOf(got string, values []string) string {
	if near := nearest(got, values); near != "" {
		return fmt.Sprintf("did you mean %s? Allowed: %s", near, strings.Join(values, ", "))
	}
	return "allowed: " + strings.Join(values, ", ")
}

// and joins words for a sentence.
func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func (r *reader) boolean(v reflect.Value, n *node, path string) {
	if !r.single(n, path, "true or false") {
		return
	}
	switch is := n.text == "true" || n.text == "false"; {
	case is && n.quoted:
		r.problem(path, quote(n.text)+" is a text", "remove the quotes")
	case is:
		v.SetBool(n.text == "true")
	default:
		r.problem(path, quote(n.text)+" is neither true nor false", "write true or false")
	}
}

func (r *reader) integer(v reflect.Value, n *node, path string, f field) {
	if !r.single(n, path, "a whole number") {
		return
	}
	i, err := strconv.Atoi(n.text)
	if err != nil || n.quoted {
		r.problem(path, quote(n.text)+" is not a whole number", "")
		return
	}
	low, lowErr := strconv.Atoi(f.min)
	high, highErr := strconv.Atoi(f.max)
	if lowErr == nil && i < low || highErr == nil && i > high {
		r.problem(path, fmt.Sprintf("%d is out of bounds", i), fmt.Sprintf("from %s to %s", f.min, f.max))
		return
	}
	v.SetInt(int64(i))
}

func (r *reader) duration(d *time.Duration, n *node, path string, f field) {
	if !r.single(n, path, "a duration") {
		return
	}
	got, err := parseDuration(n.text)
	if err != nil {
		r.problem(path, quote(n.text)+" is not a duration", "write a number with its unit, for example 90s, 15m, 1h30m or 30d")
		return
	}
	low, lowErr := parseDuration(f.min)
	high, highErr := parseDuration(f.max)
	if lowErr == nil && got < low || highErr == nil && got > high {
		r.problem(path, fmt.Sprintf("%s is out of bounds", n.text), fmt.Sprintf("from %s to %s", f.min, f.max))
		return
	}
	*d = got
}

func (r *reader) date(d *time.Time, n *node, path string) {
	if !r.single(n, path, "a date") {
		return
	}
	got, err := time.Parse(time.DateOnly, n.text)
	if err != nil {
		r.problem(path, quote(n.text)+" is not a date", "write year, month and day, for example 2027-06-30")
		return
	}
	*d = got
}

// parseDuration reads Go's form with days before it: 30d, 1d12h, 15m. Negative ones are refused.
func parseDuration(s string) (time.Duration, error) {
	invalid := fmt.Errorf("%q is not a duration", s)
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "0", s
	}
	n, err := strconv.ParseUint(days, 10, 32)
	if err != nil || n > uint64(math.MaxInt64/(24*time.Hour)) {
		return 0, invalid
	}
	total := time.Duration(n) * 24 * time.Hour
	if rest == "" && found {
		return total, nil
	}
	part, err := time.ParseDuration(rest)
	if err != nil || part < 0 || total+part < total {
		return 0, invalid
	}
	return total + part, nil
}

func (r *reader) level(l *slog.Level, n *node, path string) {
	levels := []string{"debug", "info", "warn", "error"}
	if !r.single(n, path, "a level") {
		return
	}
	if !slices.Contains(levels, n.text) {
		r.problem(path, quote(n.text)+" is not a level", oneOf(n.text, levels))
		return
	}
	_ = l.UnmarshalText([]byte(n.text)) // one of the four cannot fail
}

// prefix reads a network; an address alone stands for itself.
func (r *reader) prefix(p *netip.Prefix, n *node, path string) {
	if !r.single(n, path, "a network") {
		return
	}
	got, err := parsePrefix(n.text)
	switch {
	case err != nil:
		r.problem(path, quote(n.text)+" is not a network", "write an address with its mask, for example 10.0.0.0/8 or 192.0.2.7")
	case got != got.Masked():
		r.problem(path, quote(n.text)+" has bits set beyond its mask", "write "+got.Masked().String()+" for the network, or "+got.Addr().String()+" for the address")
	default:
		*p = got
	}
}

func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	return netip.ParsePrefix(s)
}
