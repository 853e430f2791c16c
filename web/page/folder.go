package page

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Folder is somebody's own templates, texts and assets, by their path in the
// folder: templates/login.html, text/de.txt, assets/style.css. What it does not
// hold stays as it is built in.
type Folder map[string][]byte

// Bounds of a folder, in bytes and files.
const (
	maxFolderFile  = 512 << 10
	maxFolderFiles = 300
)

// ReadFolder reads a folder, of os.Root.FS: a name or a link that leads out of it
// is an error (A121). Files that begin with a dot, and a README, are left alone.
// All problems are reported together.
func ReadFolder(fsys fs.FS) (Folder, error) {
	f := Folder{}
	var problems []error
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "README")):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		case len(f) == maxFolderFiles:
			return fmt.Errorf("there are more than %d files", maxFolderFiles)
		}
		info, err := fs.Stat(fsys, name)
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("%s: %w", name, cause(err)))
			return nil
		case !info.Mode().IsRegular():
			problems = append(problems, fmt.Errorf("%s: is not a file", name))
			return nil
		case info.Size() > maxFolderFile:
			problems = append(problems, fmt.Errorf("%s: is larger than %d KiB", name, maxFolderFile>>10))
			return nil
		}
		if f[name], err = fs.ReadFile(fsys, name); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, cause(err)))
		}
		return nil
	})
	if err = errors.Join(append(problems, err)...); err != nil {
		return nil, err
	}
	return f, nil
}

// cause is what the system said, without the path.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// Sources are the built-in templates, texts and assets, to start a folder from.
func Sources() Folder {
	f := Folder{
		"text/en.txt": []byte(englishText), "assets/base.css": []byte(stylesheet), "assets/comfort.js": []byte(script),
		"assets/record.css": []byte(recordStylesheet), "assets/record.js": []byte(recordScript),
		"assets/links.css": []byte(linksStylesheet),
	}
	for _, name := range templateNames() {
		source, err := templateFiles.ReadFile("templates/" + name)
		if err != nil {
			panic("page: " + err.Error()) // it was listed a moment ago
		}
		f["templates/"+name] = source
	}
	return f
}

// templateNames are the names of the built-in templates, with .html.
func templateNames() []string {
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic("page: " + err.Error())
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = file.Name()
	}
	return names
}

// Dress makes a renderer that shows the pages as a folder has them, over this
// one, whose assets it shares. Everything is tried out before it returns: each
// template is parsed and each page rendered with examples. The error holds every
// problem found, with its place.
func (r *Renderer) Dress(f Folder) (*Renderer, error) {
	d := &dressing{files: f, addresses: map[string]string{}}
	d.sort()
	own := &Renderer{
		assets: r.assets, broken: r.broken, under: r, sheet: r.sheet,
		script: r.script, recordStyle: r.recordStyle, recordScript: r.recordScript, linksStyle: r.linksStyle,
	}
	own.buffers.New = r.buffers.New
	d.publish(own)
	for _, c := range d.catalogues(r.catalogues) {
		if err := own.add(c, d.sources()); err != nil {
			d.problem(err)
			break // the other languages would only say it again
		}
	}
	if len(d.problems) == 0 {
		d.problem(own.ready())
	}
	if len(d.problems) == 0 {
		d.try(own)
	}
	if len(d.problems) > 0 {
		return nil, errors.Join(d.problems...)
	}
	return own, nil
}

// dressing is the work on one folder.
type dressing struct {
	files     Folder
	addresses map[string]string // of assets, by name
	problems  []error
	seen      map[string]bool
}

// problem notes an error once.
func (d *dressing) problem(err error) {
	if err == nil || d.seen[err.Error()] {
		return
	}
	if d.seen == nil {
		d.seen = map[string]bool{}
	}
	d.seen[err.Error()] = true
	d.problems = append(d.problems, err)
}

// assetTypes are the kinds of assets, by how their names end.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
}

// sort refuses files that nobody would look at: most of them are misspelt.
func (d *dressing) sort() {
	known := templateNames()
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		dir, base := path.Split(name)
		switch {
		case strings.HasPrefix(name, "assets/"):
			if assetTypes[path.Ext(name)] == "" {
				d.problem(fmt.Errorf("%s: assets end in .css, .js, .svg or .png", name))
			}
		case dir == "templates/" && !slices.Contains(known, base):
			d.problem(fmt.Errorf("%s: no page has this template; there are %s", name, strings.Join(known, ", ")))
		case dir == "text/" && path.Ext(name) != ".txt":
			d.problem(fmt.Errorf("%s: texts are called by their language, as text/de.txt", name))
		case dir != "templates/" && dir != "text/":
			d.problem(fmt.Errorf("%s: a folder holds templates/, text/ and assets/", name))
		}
	}
}

// reference is an asset in a style sheet.
var reference = regexp.MustCompile(`url\(\s*["']?([A-Za-z0-9._/-]+)["']?\s*\)`)

// publish puts the assets among those of all pools, style sheets last, for they
// may refer to the others, and lets those that are called like built-in ones
// take their place.
func (d *dressing) publish(r *Renderer) {
	names := slices.SortedFunc(maps.Keys(d.files), func(a, b string) int {
		if sheet := path.Ext(a) == ".css"; sheet != (path.Ext(b) == ".css") {
			if sheet {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	for _, file := range names {
		name, ok := strings.CutPrefix(file, "assets/")
		kind := assetTypes[path.Ext(name)]
		if !ok || kind == "" {
			continue
		}
		data := d.files[file]
		if path.Ext(name) == ".css" {
			data = reference.ReplaceAllFunc(data, func(ref []byte) []byte {
				if address := d.addresses[string(reference.FindSubmatch(ref)[1])]; address != "" {
					return []byte("url(" + address + ")")
				}
				return ref
			})
		}
		if name == "base.css" { // it is served behind the colours of each brand
			r.sheet = string(data)
		}
		d.addresses[name] = r.assets.publish(kind, data)
	}
	for name, at := range map[string]*string{"comfort.js": &r.script, "record.css": &r.recordStyle, "record.js": &r.recordScript, "links.css": &r.linksStyle} {
		if address := d.addresses[name]; address != "" {
			*at = address
		}
	}
}

// catalogues are the built-in ones with the folder's words over them, and the
// folder's own languages behind.
func (d *dressing) catalogues(builtin []Catalogue) []Catalogue {
	var list []Catalogue
	texts := map[string]Catalogue{}
	for _, file := range slices.Sorted(maps.Keys(d.files)) {
		tag, ok := strings.CutPrefix(strings.TrimSuffix(file, ".txt"), "text/")
		if !ok {
			continue
		}
		c, err := ParseCatalogue(string(d.files[file]))
		if err != nil {
			d.problem(fmt.Errorf("%s:%s", file, strings.TrimPrefix(err.Error(), "line ")))
			continue
		}
		if given := c["language.tag"]; given != "" && given != tag {
			d.problem(fmt.Errorf("%s: language.tag is %q; the file's name says %q", file, given, tag))
		}
		c["language.tag"] = tag
		texts[tag] = c
	}
	for _, c := range builtin {
		own, ok := texts[c["language.tag"]]
		if ok {
			delete(texts, c["language.tag"])
			both := maps.Clone(c)
			maps.Copy(both, own)
			if d.checkTexts(both) {
				c = both
			}
		}
		list = append(list, c)
	}
	for _, tag := range slices.Sorted(maps.Keys(texts)) {
		if d.checkTexts(texts[tag]) {
			list = append(list, texts[tag])
		}
	}
	return list
}

// checkTexts reports what is wrong with a catalogue, at the lines of its file.
func (d *dressing) checkTexts(c Catalogue) (ok bool) {
	err := c.check()
	if err == nil {
		return true
	}
	file := "text/" + c["language.tag"] + ".txt"
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		place := file
		if m := quotedKey.FindStringSubmatch(line); m != nil {
			place += d.line(file, m[1])
		}
		d.problem(fmt.Errorf("%s: %s", place, line))
	}
	return false
}

var quotedKey = regexp.MustCompile(`^key "([^"]+)"`)

// line is ":12", where a key stands in a file of texts; empty if it does not.
func (d *dressing) line(file, key string) string {
	n := 0
	for line := range strings.Lines(string(d.files[file])) {
		n++
		if name, _, ok := strings.Cut(line, " = "); ok && strings.TrimSpace(name) == key {
			return fmt.Sprintf(":%d", n)
		}
	}
	return ""
}
