package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// assets are the immutable files the pages refer to, named by their content.
type assets struct {
	prefix string
	files  sync.Map // name -> *asset
}

type asset struct {
	mediaType string
	plain     []byte
	gzipped   []byte // nil when it saves nothing
}

var extensions = map[string]string{
	"text/css; charset=utf-8":        ".css",
	"text/javascript; charset=utf-8": ".js",
	"image/svg+xml":                  ".svg",
	"image/png":                      ".png",
}

// publish keeps data and returns its address. Publishing the same content
// twice is the same as once.
func (a *assets) publish(mediaType string, data []byte) string {
	sum := sha256.Sum256(data)
	name := base64.RawURLEncoding.EncodeToString(sum[:12]) + extensions[mediaType]
	if _, ok := a.files.Load(name); !ok {
		a.files.Store(name, &asset{
			mediaType: mediaType,
			plain:     bytes.Clone(data),
			gzipped:   compress(mediaType, data),
		})
	}
	return a.prefix + name
}

func compress(mediaType string, data []byte) []byte {
	if mediaType == "image/png" {
		return nil
	}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	w.Write(data)                                         // a buffer does not fail
	w.Close()
	if b.Len() >= len(data) {
		return nil
	}
	return b.Bytes()
}

// ServeHTTP answers GET and HEAD for a published name and 404 for every other.
// A name is looked up whole in a table: no path reaches a file system (A121).
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v, ok := a.files.Load(path.Base(r.URL.Path))
	if !ok {
		http.NotFound(w, r)
		return
	}
	f := v.(*asset)
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if strings.HasPrefix(f.mediaType, "image/") {
		h.Set("Cross-Origin-Resource-Policy", "same-site") // a login application shows the logo too
	}
	// For a logo opened by itself: an SVG is a document and may hold script.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	body := f.plain
	if f.gzipped != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = f.gzipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3) as far as it matters:
// gzip is named and not refused by a weight of zero.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q, ok := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			return !ok || strings.Trim(q, "0.") != ""
		}
	}
	return false
}
