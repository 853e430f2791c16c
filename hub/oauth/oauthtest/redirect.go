package oauthtest

import (
	"fmt"
	"slices"
	"strings"
)

// RedirectVariants returns texts that all differ from uri and from each other, made from it by changes of scheme, user name, host, port,
// path, query, fragment, encoding and white space: at least 300 for an https URI with a path. uri must have the form
// scheme://host[:port][/path][?query]. The result is the same every time.
func RedirectVariants(uri string) []string {
	p := split(uri)
	var all []string
	for _, derive := range []func(parts) []string{
		schemes, userinfos, hosts, ports, paths, queries, fragments, encodings, spaces, cuts, lists,
	} {
		all = append(all, derive(p)...)
	}
	seen := map[string]bool{uri: true}
	return slices.DeleteFunc(all, func(s string) bool {
		was := seen[s]
		seen[s] = true
		return was
	})
}

// evil is the host that every variant would like to be sent to.
const evil = "evil.example"

type parts struct{ scheme, host, port, path, query string } // port with its colon, query with its question mark

func split(uri string) parts {
	var p parts
	rest := uri
	p.scheme, rest, _ = strings.Cut(rest, "://")
	if i := strings.IndexByte(rest, '?'); i >= 0 {
		rest, p.query = rest[:i], rest[i:]
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		rest, p.path = rest[:i], rest[i:]
	}
	p.host = rest
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') {
		p.host, p.port = rest[:i], rest[i:]
	}
	return p
}

func (p parts) String() string { return p.scheme + "://" + p.host + p.port + p.path + p.query }

// with returns the URI after a change of its parts.
func (p parts) with(change func(*parts)) string {
	change(&p)
	return p.String()
}

func (p parts) tail() string { return p.path + p.query }

func schemes(p parts) []string {
	var out []string
	for _, s := range []string{
		"http", "https", "HTTP", "HTTPS", "Https", "hTTps", "ftp", "ws", "wss", "javascript", "JavaScript", "data", "file", "vbscript",
		"blob", "about", "intent", "view-source:https", "feed:https", "jar:https", "com.example.app", "myapp", " " + p.scheme,
		p.scheme + " ", "\t" + p.scheme, p.scheme + "s", p.scheme + "\x00", "java\nscript", "%68ttps", "h\u0442tps", "",
	} {
		out = append(out, p.with(func(p *parts) { p.scheme = s }))
	}
	rest := p.host + p.port + p.tail()
	for _, lead := range []string{
		"//", "/", "", "\\\\", "///", p.scheme + ":", p.scheme + ":/", p.scheme + ":///", p.scheme + ":////", p.scheme + ":\\\\",
		p.scheme + ":/\\", p.scheme + ":\\/", p.scheme + "//", p.scheme + "::" + "//", "javascript:alert(1)//",
		"data:text/html,", "javascript://" + p.host + "/%0aalert(1)//",
	} {
		out = append(out, lead+rest)
	}
	return out
}

func userinfos(p parts) []string {
	var out []string
	for _, host := range []string{
		"user@" + p.host, ":@" + p.host, "@" + p.host, "user:password@" + p.host, evil + "@" + p.host, evil + ":443@" + p.host,
		p.host + "@" + evil, p.host + ":443@" + evil, p.host + "%40" + evil, p.host + "%2540" + evil, p.host + "#@" + evil,
		p.host + "?@" + evil, p.host + "/@" + evil, p.host + "\\@" + evil, p.host + "&@" + evil, p.host + ";@" + evil, p.host + " @" + evil,
		p.host + "%20@" + evil, p.host + "\t@" + evil, p.host + "%00@" + evil, p.host + "[@" + evil, p.host + "]@" + evil,
		p.host + "\uff20" + evil, evil + "\uff20" + p.host, evil + "#@" + p.host, evil + "?@" + p.host, evil + "/@" + p.host,
		evil + "\\@" + p.host, evil + "%23@" + p.host, evil + "%2f@" + p.host, evil + "%5c@" + p.host, evil + ":@" + p.host,
	} {
		out = append(out, p.with(func(p *parts) { p.host = host }))
	}
	return out
}

func hosts(p parts) []string {
	label, parent, _ := strings.Cut(p.host, ".")
	var out []string
	for _, host := range []string{
		evil, "", "*", "*." + p.host, "*." + parent, "." + p.host, p.host + ".", p.host + "..", "www." + p.host, "sub." + p.host, "x" + p.host,
		"x-" + p.host, p.host + "x", p.host + "-x", p.host + "." + evil, p.host + "-" + evil, p.host + "_" + evil, p.host + "~" + evil,
		p.host + "!" + evil, p.host + "$" + evil, p.host + "'" + evil, p.host + "(" + evil, p.host + "," + evil, p.host + "=" + evil,
		p.host + "+" + evil, p.host + "|" + evil, p.host + "`" + evil, p.host + "{" + evil, p.host + "}" + evil, p.host + "<" + evil,
		p.host + ">" + evil, p.host + "\"" + evil, p.host + "^" + evil, p.host + "%" + evil, p.host + "&" + evil, p.host + ";" + evil,
		evil + "." + p.host, evil + "/" + p.host, evil + "?" + p.host, evil + "#" + p.host, evil + "\\" + p.host, evil + "%2f" + p.host,
		evil + "%5c" + p.host, evil + "%23" + p.host, evil + "%3f" + p.host, evil + "%00." + p.host, evil + "\x00." + p.host,
		p.host + "%00." + evil, p.host + "\x00." + evil, p.host + "%0a." + evil, p.host + "%0d%0a." + evil, p.host + "%09", p.host + "%20",
		p.host + "%2e", p.host + "%2e" + evil, p.host + "\u3002" + evil, p.host + "\uff0e" + evil, p.host + "\uff0f" + evil,
		p.host + "\u2044" + evil, p.host + "\u2215" + evil, p.host + "\u2100" + evil, p.host + "\u00ad", "\u200b" + p.host, "\ufeff" + p.host,
		strings.ToUpper(p.host), strings.ToUpper(p.host[:min(1, len(p.host))]) + p.host[min(1, len(p.host)):], parent, label, label + ".",
		label + "." + evil, strings.ReplaceAll(p.host, ".", "-"), strings.ReplaceAll(p.host, ".", "_"), strings.ReplaceAll(p.host, ".", ""),
		strings.ReplaceAll(p.host, ".", ".."), strings.ReplaceAll(p.host, ".", "\u3002"), strings.ReplaceAll(p.host, ".", "%2e"),
		strings.ReplaceAll(p.host, "a", "\u0430"), strings.ReplaceAll(p.host, "e", "\u0435"), strings.ReplaceAll(p.host, "o", "\u03bf"),
		strings.ReplaceAll(p.host, "e", "\uff45"), strings.ReplaceAll(p.host, "l", "1"), strings.ReplaceAll(p.host, "m", "rn"),
		percent(p.host), "xn--" + p.host, "localhost", "localhost." + evil, "127.0.0.1", "127.1", "127.0.0.2", "2130706433", "0x7f000001",
		"017700000001", "0", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::1%25lo]", "[0:0:0:0:0:0:0:1]", "127.0.0.1." + evil,
		"169.254.169.254", "[" + p.host + "]", p.host + "," + evil, p.host + " " + evil,
	} {
		out = append(out, p.with(func(p *parts) { p.host = host }))
	}
	return out
}

func ports(p parts) []string {
	var out []string
	for _, port := range []string{
		"", ":", ":80", ":443", ":8443", ":8080", ":1", ":0", ":00443", ":0443", ":65535", ":65536", ":99999999999", ":-1", ":+443", ":443x",
		":x", ": 443", ":443 ", ":%34%34%33", ":443:443", ":443@" + evil, ":443." + evil, ":\uff14\uff14\uff13", ":0x1bb", ":4 43",
		"%3a443", p.port + "0", "0" + p.port,
	} {
		out = append(out, p.with(func(p *parts) { p.port = port }))
	}
	return out
}

func paths(p parts) []string {
	path := p.path
	base := strings.TrimSuffix(path, "/")
	last := base[strings.LastIndexByte(base, '/')+1:]
	var out []string
	for _, s := range []string{
		"", "/", base, base + "/", base + "//", "/" + path, "//" + strings.TrimPrefix(path, "/"), base + "/.", base + "/./", base + "/..",
		base + "/../", base + "/../" + last, base + "/../" + evil, base + "/../../" + evil, base + "/x", base + "x", base + "%2f",
		base + "%2F..", base + "%2f..%2f" + evil, base + "/%2e%2e/" + evil, base + "/%2E%2E/" + evil, base + "/.%2e/" + evil,
		base + "/%2e./" + evil, base + "/%252e%252e/" + evil, base + "/..;/" + evil, base + ";x", base + ";jsessionid=1", base + "/..%5c" + evil,
		base + "\\..\\" + evil, base + "/..\\" + evil, base + "\\", base + "%5c", base + "%00", base + "\x00", base + "%0a", base + "%0d%0a",
		base + "%20", base + " ", base + "%09", base + ".", base + "..", base + ".html", base + "~", base + "*", base + "/*", "/*", "/**",
		"/." + path, "/.." + path, "/./" + strings.TrimPrefix(path, "/"), "/x/.." + path, "/%2e" + path, "/%2e%2e" + path, "/x/%2e%2e" + path,
		"/;" + path, "/%2f" + evil + path, "/\\" + evil + path, "//" + evil + path, "/" + evil, "/redirect?to=https://" + evil,
		strings.ToUpper(path), strings.ReplaceAll(path, "/", "\\"), strings.ReplaceAll(path, "/", "%2f"), strings.ReplaceAll(path, "/", "//"),
		strings.ReplaceAll(path, "/", "/./"), percent(path), base + "\u0301", base + "\u200b", base + "%c0%af", base + "%e0%80%af", base + "%",
		base + "%2", base + "%zz", base + "+", base + "%2b", base + "@" + evil, base + ":" + evil, "/" + p.host + path,
	} {
		out = append(out, p.with(func(p *parts) { p.path = s }))
	}
	return out
}

func queries(p parts) []string {
	var out []string
	join := "?"
	if p.query != "" {
		join = p.query + "&"
	}
	for _, add := range []string{
		"", "x=1", "x", "=", "&", "code=x", "state=x", "iss=x", "error=x", "id_token=x", "access_token=x", "response=x", "%63ode=x", "code%00=x",
		"code[]=x", "code=x&code=y", "Code=x", "redirect_uri=https://" + evil, "next=//" + evil, "@" + evil, "/../../" + evil, "#" + evil,
		"%23" + evil, "%0d%0aLocation:%20https://" + evil, "\r\nLocation: https://" + evil, "%26code=x", ";code=x", "?", "??", "%3f",
	} {
		out = append(out, p.with(func(p *parts) { p.query = join + add }))
	}
	return append(out,
		p.with(func(p *parts) { p.query = "" }),
		p.with(func(p *parts) { p.query = strings.ToUpper(p.query) }),
		p.with(func(p *parts) { p.query = percent(p.query) }),
		p.with(func(p *parts) { p.query = strings.Replace(p.query, "=", "%3d", 1) }),
		p.with(func(p *parts) { p.query += "&" }),
	)
}

func fragments(p parts) []string {
	var out []string
	for _, f := range []string{"#", "#x", "#" + evil, "#code=x", "#/../" + evil, "#@" + evil, "%23", "%23x", "#?x=1", "##", "#\x00", "\uff03x"} {
		out = append(out, p.String()+f)
	}
	return append(out,
		p.scheme+"://"+p.host+p.port+"#"+p.tail(),
		p.scheme+"://"+evil+"#"+p.String(),
		p.scheme+"://"+evil+"/#"+p.host+p.tail(),
	)
}

// encodings percent-encodes single characters, which a decoding comparison would not notice.
func encodings(p parts) []string {
	var out []string
	uri := p.String()
	start := len(p.scheme) + len("://")
	for i := start; i < len(uri) && i < start+40; i++ {
		out = append(out, uri[:i]+fmt.Sprintf("%%%02X", uri[i])+uri[i+1:])
	}
	return append(out, percent(uri), strings.ReplaceAll(uri, "%", "%25"))
}

// spaces puts characters that browsers strip or ignore around and into the URI.
func spaces(p parts) []string {
	var out []string
	uri := p.String()
	for _, s := range []string{" ", "\t", "\n", "\r", "\r\n", "\x00", "\x01", "\x1f", "\x7f", "\u00a0", "\u200b", "\u2028", "\ufeff", "%20", "%00", "+"} {
		out = append(out, s+uri, uri+s, uri[:len(uri)/2]+s+uri[len(uri)/2:])
	}
	return out
}

func cuts(p parts) []string {
	uri := p.String()
	out := []string{"", uri + uri, "null", "undefined", "urn:ietf:wg:oauth:2.0:oob", "postmessage", strings.ToUpper(uri), "<" + uri + ">", `"` + uri + `"`}
	for i := 1; i < len(uri); i += 1 + len(uri)/24 {
		out = append(out, uri[:i])
	}
	return out
}

func lists(p parts) []string {
	var out []string
	uri, other := p.String(), "https://"+evil+"/"
	for _, sep := range []string{" ", ",", ";", "|", "\n", "&redirect_uri=", "%20", "\t"} {
		out = append(out, uri+sep+other, other+sep+uri)
	}
	return out
}

// percent encodes every letter and digit.
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			fmt.Fprintf(&b, "%%%02x", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
