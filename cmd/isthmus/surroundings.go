package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/run"
	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/store/bolt"
	"github.com/isthmus-hub/isthmus/idp"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// surroundings is what a hub of a configuration stands on.
type surroundings struct {
	cfg     *config.Config
	running bool // a hub answers at the admin socket
}

func (s *surroundings) runs(ctx context.Context) bool {
	client, err := admin.Dial(ctx, s.cfg.Admin.Socket)
	if err != nil {
		return false
	}
	client.Close()
	return true
}

// ownPool is the pool of this file with that issuer.
func (s *surroundings) ownPool(issuer string) string {
	for _, p := range s.cfg.Pools {
		if p.Issuer == issuer {
			return p.Name
		}
	}
	return ""
}

// hub examines what belongs to the hub as a whole.
func (s *surroundings) hub() examinePart {
	part := examinePart{Name: "This hub · " + s.cfg.Path}
	v := verdict(s.cfg.Path, s.cfg, nil)
	part.add(finding{"file", idp.OK, fmt.Sprintf("%s, %s, %s", count(v.Pools, "pool"), count(v.Providers, "provider"), count(v.Clients, "client")), ""})
	for _, w := range s.cfg.Warnings {
		part.add(finding{"file", idp.Warn, fmt.Sprintf("line %d: %s: %s", w.Line, w.Path, w.Message), w.Hint})
	}
	if s.running {
		part.add(finding{"running", idp.OK, "a hub answers at the socket " + s.cfg.Admin.Socket, ""})
	} else {
		part.add(finding{"running", idp.Warn, "no hub answers at the socket " + s.cfg.Admin.Socket, "isthmus serve -c " + s.cfg.Path + "  starts one."})
	}
	part.add(s.store())
	part.add(s.sealingKey())
	for _, l := range s.cfg.Listen {
		part.add(s.listener(l.Address))
		if l.TLS != nil {
			part.add(certificate(l, s.cfg.Pools))
		}
	}
	return part
}

// store looks whether the store can be opened, and reads it whole if nobody has
// it open.
func (s *surroundings) store() finding {
	path := s.cfg.Store
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		dir := filepath.Dir(path)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return finding{"store", idp.Fail, fmt.Sprintf("there is no folder %s for the store", dir), "mkdir -p -m 700 " + dir}
		}
		return finding{"store", idp.OK, path + " is not there yet; the first start makes it", ""}
	}
	engine, err := bolt.Open(path, bolt.Options{Timeout: 200 * time.Millisecond})
	switch failed, _ := errors.AsType[*bolt.OpenError](err); {
	case err == nil:
		if err := engine.Close(); err != nil {
			return finding{"store", idp.Fail, err.Error(), "See what the system says about this file and its disk."}
		}
		return finding{"store", idp.OK, path + " is sound, and nobody has it open", ""}
	case errors.Is(err, bolt.ErrHeld) && s.running:
		return finding{"store", idp.OK, path + " is in use by the hub that runs", ""}
	case errors.Is(err, bolt.ErrHeld):
		return finding{"store", idp.Fail, path + " is in use by another process, which is no hub of this configuration", "Stop that process, or give this hub a store of its own."}
	case failed != nil:
		return finding{"store", idp.Fail, fmt.Sprintf("%s: %s", path, failed.Cause), failed.Mend}
	default:
		return finding{"store", idp.Fail, err.Error(), "See what the system says about this file and its disk."}
	}
}

func (s *surroundings) sealingKey() finding {
	ref := s.cfg.SealingKey
	if ref.Env != "" {
		if _, err := seal.LoadEnv(ref.Env); err != nil {
			return finding{"sealing key", idp.Fail, err.Error(), "Set the variable in the environment of the hub; this is about the environment of this shell."}
		}
		return finding{"sealing key", idp.OK, "in the variable " + ref.Env, ""}
	}
	_, err := seal.Load(ref.File)
	switch _, gone := os.Stat(s.cfg.Store); {
	case err == nil:
		return finding{"sealing key", idp.OK, ref.File + " is there, and its owner's alone; keep a copy of it apart from the store", ""}
	case errors.Is(err, seal.ErrNoKey) && errors.Is(gone, fs.ErrNotExist):
		return finding{"sealing key", idp.OK, ref.File + " is not there yet; the first start makes it", ""}
	case errors.Is(err, seal.ErrNoKey):
		return finding{"sealing key", idp.Fail, "there is no key at " + ref.File + ", but a store that was sealed with one", "Put the key back, or name it under sealing_key."}
	case errors.Is(err, seal.ErrLoose):
		return finding{"sealing key", idp.Fail, err.Error(), "chmod 600 " + ref.File}
	default:
		return finding{"sealing key", idp.Fail, err.Error(), "Make the file one that the hub's user can read, with a key in it."}
	}
}

// listener looks whether the address is free, or the running hub's.
func (s *surroundings) listener(address string) finding {
	l, err := run.Listen(address)
	if err == nil {
		_ = l.Close() // it was opened to see whether that goes
		if s.running {
			return finding{"listener", idp.Fail, fmt.Sprintf("a hub runs, but nobody listens on %s", address), "Start the hub again: it was started with other listeners than the file has now."}
		}
		return finding{"listener", idp.OK, address + " is free", ""}
	}
	if s.running {
		return finding{"listener", idp.OK, address + " is in use, by the hub that runs", ""}
	}
	return finding{"listener", idp.Fail, err.Error(), "Stop what listens there, or choose another address under listen."}
}

// certificate looks whether a listener's files fit together and cover the
// issuers, and how long they last.
func certificate(l config.Listener, pools []config.Pool) finding {
	const soon = 14 * 24 * time.Hour
	pair, err := tls.LoadX509KeyPair(l.TLS.Certificate, l.TLS.Key)
	if err != nil {
		return finding{"tls", idp.Fail, fmt.Sprintf("%s: %s", l.Address, err), "Name the chain and the private key in PEM under tls, readable for the hub's user."}
	}
	leaf, left := pair.Leaf, time.Until(pair.Leaf.NotAfter)
	switch {
	case left < 0:
		return finding{"tls", idp.Fail, "the certificate ended on " + date(leaf.NotAfter), "Renew it; the hub takes up new files by itself."}
	case time.Until(leaf.NotBefore) > 0:
		return finding{"tls", idp.Fail, "the certificate begins only on " + date(leaf.NotBefore), "Compare the clock of this machine."}
	}
	for _, p := range pools {
		u, err := url.Parse(p.Issuer)
		if err != nil || u.Scheme != "https" || leaf.VerifyHostname(u.Hostname()) == nil {
			continue
		}
		return finding{"tls", idp.Warn, fmt.Sprintf("the certificate does not cover %s, the host of pool %s", u.Hostname(), p.Name), "Nothing to do if a proxy in front has another certificate; otherwise have one made for that name."}
	}
	if left < soon {
		return finding{"tls", idp.Warn, "the certificate ends on " + date(leaf.NotAfter), "Renew it; the hub takes up new files by itself."}
	}
	return finding{"tls", idp.OK, fmt.Sprintf("the certificate of %s is good until %s", l.Address, date(leaf.NotAfter)), ""}
}

// pool looks whether the pool answers at its issuer, and as itself.
func (s *surroundings) pool(ctx context.Context, p *config.Pool) examinePart {
	part := examinePart{Name: fmt.Sprintf("Pool %s · %s", p.Name, p.Issuer)}
	part.add(s.reached(p))
	if s.running {
		part.add(answers(ctx, p.Issuer))
	}
	return part
}

// reached compares the issuer with the listeners: somebody must carry requests
// from the one to the other.
func (s *surroundings) reached(p *config.Pool) finding {
	u, err := url.Parse(p.Issuer)
	if err != nil {
		return finding{"address", idp.Fail, err.Error(), "Correct the issuer."}
	}
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	encrypted := false
	for _, l := range s.cfg.Listen {
		_, own, _ := net.SplitHostPort(l.Address)
		encrypted = encrypted || l.TLS != nil
		if own == port && (l.TLS != nil) == (u.Scheme == "https") {
			return finding{"address", idp.OK, fmt.Sprintf("the listener %s takes what comes to port %s", l.Address, port), ""}
		}
	}
	f := finding{"address", idp.OK, "a proxy in front carries requests from the issuer to the listeners", ""}
	switch {
	case u.Scheme == "http":
		f.Level, f.Detail = idp.Warn, fmt.Sprintf("no listener has the issuer's port %s", port)
		f.Mend = "Nothing to do if something in front passes that port on; otherwise set listen or the issuer."
	case !encrypted && len(s.cfg.TrustedProxies) == 0:
		f.Level, f.Detail = idp.Warn, "the issuer is https, no listener has TLS, and no proxy is named under trusted_proxies"
		f.Mend = "Name the proxy in front under trusted_proxies, or the hub takes every visitor for the proxy; or give a listener a certificate."
	}
	return f
}

// answers asks the issuer for its discovery document, as an app would.
func answers(ctx context.Context, issuer string) finding {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	address := issuer + "/.well-known/openid-configuration"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return finding{"issuer", idp.Fail, err.Error(), "Correct the issuer."}
	}
	// The operator's own address, wherever that leads: the guard for providers is not for it.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		return finding{"issuer", idp.Warn, fmt.Sprintf("nobody answers at %s from here: %s", address, errors.Unwrap(err)), "Look whether name, port, proxy and firewall lead from apps and browsers to the hub. From this machine the way may be another."}
	}
	defer res.Body.Close()
	var document struct {
		Issuer string `json:"issuer"`
	}
	err = json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&document)
	switch {
	case res.StatusCode != http.StatusOK || err != nil:
		return finding{"issuer", idp.Fail, fmt.Sprintf("%s answers with status %d, not with this pool", address, res.StatusCode), "Something else listens there, or the proxy in front changes host or path: it must pass on both as they are."}
	case document.Issuer != issuer:
		return finding{"issuer", idp.Fail, fmt.Sprintf("%s names the issuer %q", address, document.Issuer), "Apps compare issuers exactly: correct the issuer, or the proxy's way to the hub."}
	}
	return finding{"issuer", idp.OK, address + " answers, and names this issuer", ""}
}
