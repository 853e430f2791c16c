package run

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/isthmus-hub/isthmus/config"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/web"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// listen opens every address of the configuration, or none, and serves.
func (h *Hub) listen() error {
	for _, l := range h.cfg.Listen {
		listener, err := Listen(l.Address)
		if err != nil {
			return err
		}
		if l.TLS != nil {
			certificate := &certificate{config: *l.TLS}
			if _, err := certificate.get(nil); err != nil {
				return errors.Join(err, listener.Close())
			}
			listener = tls.NewListener(listener, h.tls(certificate))
		}
		h.serve(listener, h.server)
	}
	if h.cfg.Metrics != "" {
		listener, err := Listen(h.cfg.Metrics)
		if err != nil {
			return err
		}
		h.serve(listener, web.Telemetry(h.Registry, h.Ready))
	}
	listener, err := admin.Listen(h.cfg.Admin.Socket)
	if err != nil {
		return err
	}
	h.serve(listener, h.Admin())
	return nil
}

// suites are those of TLS 1.2: what BCP 195 recommends (RFC 9325 §4.2) and FAPI
// 2.0 allows (Security Profile §5.2.2). Those of TLS 1.3 are all good.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
}

// tls is the configuration of a listener. It asks for a client's certificate
// only while some client authenticates by one (RFC 8705): a browser would ask
// its person to choose.
func (h *Hub) tls(c *certificate) *tls.Config {
	plain := &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: suites, GetCertificate: c.get, NextProtos: []string{"h2", "http/1.1"}}
	asking := plain.Clone()
	asking.ClientAuth = tls.RequestClientCert
	plain.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		for _, p := range h.Pools() {
			for _, client := range p.Clients {
				if client.Auth == hub.AuthTLS {
					return asking, nil
				}
			}
		}
		return nil, nil
	}
	return plain
}

// serve serves a handler with the limits that every listener has.
func (h *Hub) serve(l net.Listener, handler http.Handler) {
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ConnContext:       admin.ConnContext,
		ErrorLog:          slog.NewLogLogger(h.Log.Handler(), slog.LevelDebug),
	}
	h.servers = append(h.servers, s)
	h.workers.Go(func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			h.Log.Error("listener stopped", "address", l.Addr().String(), "error", err)
		}
	})
}

// Listen listens on host:port and names the address when somebody else has it.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("address %s is in use by another process; stop it, or choose another port", address)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}

// certificate is a certificate whose files are read again when they change.
type certificate struct {
	config config.TLS

	mu      sync.Mutex
	checked time.Time
	changed time.Time
	pair    *tls.Certificate
}

// get returns the certificate as its files have it now, looking at them once a
// second at most. Files that cannot be read leave the last good one in force.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pair != nil && time.Since(c.checked) < time.Second {
		return c.pair, nil
	}
	c.checked = time.Now()
	info, err := os.Stat(c.config.Certificate)
	if err == nil && c.pair != nil && info.ModTime().Equal(c.changed) {
		return c.pair, nil
	}
	pair, loadErr := tls.LoadX509KeyPair(c.config.Certificate, c.config.Key)
	if loadErr != nil {
		if c.pair != nil {
			return c.pair, nil
		}
		return nil, fmt.Errorf("certificate %s: %w", c.config.Certificate, loadErr)
	}
	c.pair = &pair
	if err == nil {
		c.changed = info.ModTime()
	}
	return c.pair, nil
}
