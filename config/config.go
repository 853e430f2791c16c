package config

import (
	"log/slog"
	"net/netip"
)

// Config is the whole file after all checks: defaults filled in, relative paths resolved against the file's folder,
// durations and addresses parsed, secret references read.
type Config struct {
	// Path is the file's name as it was given to Load.
	Path string `yaml:"-"`
	// Warnings lists what is allowed but unwise, ordered by position.
	Warnings Problems `yaml:"-"`

	// Listen holds the public listeners; one on localhost:8080 without TLS by default.
	Listen []Listener `yaml:"listen"`
	// Store is the path of the embedded store; isthmus.db beside the file by default.
	Store string `yaml:"store"`
	// SealingKey says where the key lies that seals private keys and cookies; the file <store>.key by default.
	SealingKey Reference `yaml:"sealing_key"`
	// Admin is the local administration socket.
	Admin Admin `yaml:"admin"`
	// Metrics is the host:port of the telemetry listener (metrics and health); empty means none.
	Metrics string `yaml:"metrics"`
	// TrustedProxies lists the networks whose X-Forwarded-* headers are believed.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`
	// Outbound says which inner addresses the hub may call in spite of the outbound guard.
	Outbound Outbound `yaml:"outbound"`
	// Log is the form of the log.
	Log Log `yaml:"log"`
	// InsecureUpstreams lists hosts, or host:port, that may be called over plain http though they are not loopback. It is
	// for tests; each is an exception for the outbound guard too.
	InsecureUpstreams []string `yaml:"insecure_upstreams"`
	// Pools holds the user pools; at least one.
	Pools []Pool `yaml:"pools,required" say:"a hub has at least one pool; isthmus config example prints one"`
}

// Listener is one address to serve on. Address is host:port; TLS is nil for plain http.
type Listener struct {
	Address string `yaml:"address,required" say:"for example  localhost:8080  or  :8443"`
	TLS     *TLS   `yaml:"tls"`
}

// TLS names the PEM files of a listener's certificate chain and private key, as absolute paths or relative to the
// working directory. They are not opened here.
type TLS struct {
	Certificate string `yaml:"certificate,required" say:"the path of a PEM file with the chain"`
	Key         string `yaml:"key,required" say:"the path of a PEM file with the private key"`
}

// Reference names a secret that is not in the file: exactly one of an environment variable and a path is set.
type Reference struct {
	Env  string `yaml:"env"`
	File string `yaml:"file"`
}

// Admin is where `isthmus user`, `isthmus client` and their kin reach the running hub. Socket is the path of a Unix
// socket; <store>.sock by default.
type Admin struct {
	Socket string `yaml:"socket"`
}

// Outbound lists exceptions to the guard that keeps the hub from calling loopback, private and link-local addresses:
// a host name, host:port, an address or a CIDR block each.
type Outbound struct {
	Allow []string `yaml:"allow"`
}

// Log is the least level that is written, and the form, "text" or "json".
type Log struct {
	Level  slog.Level `yaml:"level"`
	Format string     `yaml:"format" oneof:"text json"`
}
