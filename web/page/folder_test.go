package page

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func dressed(t *testing.T, f Folder) *Renderer {
	t.Helper()
	r, err := testRenderer(t).Dress(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDress: what a folder holds takes the place of what is built in, and the
// rest stays.
func TestDress(t *testing.T) {
	french := ""
	for key, text := range English() {
		switch key {
		case "language.tag":
			continue
		case "login.title":
			text = "Connexion"
		}
		french += key + " = " + text + "\n"
	}
	r := dressed(t, Folder{
		"templates/login.html": []byte("{{define \"title\"}}Ours{{end}}\n{{define \"main\"}}<h1>{{t \"login.title\"}} <b>{{.Client}}</b></h1>" +
			`<img src="{{asset "pictures/sun.svg"}}" alt=""><link rel="stylesheet" href="{{asset "own.css"}}"><script src="{{asset "own.js"}}"></script>{{end}}`),
		"text/en.txt":             []byte("# ours\nlogin.title = Come in\n"),
		"text/fr.txt":             []byte(french),
		"assets/pictures/sun.svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`),
		"assets/own.css":          []byte(`h1{background:url("pictures/sun.svg")}p{background:url(elsewhere.svg)}`),
		"assets/own.js":           []byte("'use strict';"),
		"assets/base.css":         []byte("main{color:teal}"),
		"assets/comfort.js":       []byte("let ours;"),
	})
	d := document(t, r, &Login{Client: "<i>App</i>", Step: StepBoth})
	if got := d.Find("h1").Text(); got != "Come in <i>App</i>" {
		t.Errorf("the heading is %q", got)
	}
	sun := d.Find("img").AttrOr("src", "")
	sheet := d.Find("main link").AttrOr("href", "")
	for address, want := range map[string]string{
		sun: "<svg", sheet: "h1{background:url(" + sun + ")}p{background:url(elsewhere.svg)}", d.Find("main script").AttrOr("src", ""): "'use strict';",
		d.Find("head script").AttrOr("src", ""): "let ours;", d.Find("head link[rel=stylesheet]").AttrOr("href", ""): "main{color:teal}",
	} {
		if w := get(t, r, address); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s, want %s", address, w.Code, w.Body, want)
		}
	}
	if got := document(t, r, &Login{Base: Base{Language: r.Language("fr-CA")}}).Find("h1").Text(); !strings.HasPrefix(got, "Connexion") {
		t.Errorf("in French: %q", got)
	}
	if got := document(t, r, &SignedOut{}).Find("h1").Text(); got != "You are signed out" {
		t.Errorf("a page that stayed: %q", got)
	}
	if got := document(t, testRenderer(t), &Login{Client: "App", Step: StepBoth}).Find("h1").Text(); got != "Sign in" {
		t.Errorf("the built-in page is now %q", got)
	}
}

// TestDressWithSources: the folder to start from shows the pages as they are.
func TestDressWithSources(t *testing.T) {
	plain, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	own, err := plain.Dress(Sources())
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range everyPage(nil) {
		if got, want := shape(document(t, own, p)), shape(document(t, plain, p)); got != want {
			t.Errorf("%s differs", name)
		}
	}
}

func TestDressProblems(t *testing.T) {
	main := func(text string) Folder {
		return Folder{"templates/login.html": []byte("{{define \"title\"}}x{{end}}\n{{define \"main\"}}\n" + text + "\n{{end}}")}
	}
	for name, test := range map[string]struct {
		folder Folder
		want   []string
	}{
		"syntax":            {main("{{if}}"), []string{"templates/login.html:3: missing value for if"}},
		"open":              {Folder{"templates/profile.html": []byte("{{define \"main\"}}")}, []string{"templates/profile.html:1: unexpected EOF"}},
		"no title":          {Folder{"templates/login.html": []byte(`{{define "main"}}{{end}}`)}, []string{`templates/login.html, shown as a page: templates/base.html:5`, `no such template "title"`}},
		"function":          {main("{{safe .Client}}"), []string{`templates/login.html:3: function "safe" not defined`}},
		"field":             {main("{{.Clinet}}"), []string{"templates/login.html:3:2: ", "can't evaluate field Clinet; there are .Account, .Action,", ".Username"}},
		"field of frame":    {main("{{.Frame.Brand.Nose}}"), []string{"templates/login.html:3:", "Nose in type *page.Brand"}},
		"field in a branch": {main("{{if .Problem}}{{.Nope}}{{end}}"), []string{"templates/login.html:3:", "Nope"}},
		"template":          {main(`{{template "nothing" .}}`), []string{"templates/login.html:3", `"nothing"`}},
		"unclosed":          {main(`<a href="{{.Client}}>`), []string{"templates/login.html"}},
		"word":              {main(`{{t "login.titel"}}`), []string{`templates/login.html:3: no text for key "login.titel"`}},
		"asset":             {main(`{{asset "no.css"}}`), []string{"templates/login.html:3: there is no file assets/no.css"}},
		"inline":            {main("<p style=\"x\">\n<style>\n<p onclick='x'>\n<script>"), []string{":3: a style attribute", ":4: a style element", ":5: a script in an attribute", ":6: a script in the page"}},
		"elsewhere":         {main(`<script src="https://cdn.example/x.js"></script>` + "\n" + `<img src='//cdn.example/x.png'>`), []string{":3: something loaded from another site", ":4: something loaded"}},
		"unknown file":      {Folder{"templates/logn.html": nil, "templates/sub/login.html": nil, "text/en.yaml": nil, "style.css": nil, "assets/font.woff2": nil}, []string{"templates/logn.html: no page", "login.html,", "templates/sub/login.html: a folder holds", "text/en.yaml: texts are called", "style.css: a folder holds", "assets/font.woff2: assets end in"}},
		"text":              {Folder{"text/en.txt": []byte("login.title = a\nlogin.title = b")}, []string{`text/en.txt:2: key "login.title" stands twice`}},
		"key":               {Folder{"text/en.txt": []byte("\nlogin.tilte = a\nlogin.continue = on")}, []string{`text/en.txt:2: key "login.tilte" is not known`, `text/en.txt:3: key "login.continue" names [], English names [client]`}},
		"action in text":    {Folder{"text/en.txt": []byte("login.title = {{.Frame}}")}, []string{"text/en.txt:1: ", "template action"}},
		"half a language":   {Folder{"text/fr.txt": []byte("language.dir = ltr\nlogin.title = Connexion")}, []string{`text/fr.txt: key "account.continue" is missing`}},
		"odd language":      {Folder{"text/en.txt": []byte("language.tag = de")}, []string{`language.tag is "de"; the file's name says "en"`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := testRenderer(t).Dress(test.folder)
			if err == nil {
				t.Fatal("nothing is wrong")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in:\n%v", want, err)
				}
			}
		})
	}
}

// TestDressedPageThatFails: people see the built-in page, and somebody hears of it.
func TestDressedPageThatFails(t *testing.T) {
	var heard error
	plain, err := New(Options{Broken: func(err error) { heard = err }})
	if err != nil {
		t.Fatal(err)
	}
	r, err := plain.Dress(Folder{"templates/login.html": []byte("{{define \"title\"}}x{{end}}\n{{define \"main\"}}{{if eq .Client \"Odd\"}}{{index .Shown 7}}{{end}}{{end}}")})
	if err != nil {
		t.Fatal(err)
	}
	if got := document(t, r, &Login{Client: "Odd", Step: StepBoth}).Find("h1").Text(); got != "Sign in" {
		t.Errorf("people see %q", got)
	}
	if heard == nil || !strings.Contains(heard.Error(), "templates/login.html:2") {
		t.Errorf("heard %v", heard)
	}
}

// TestA110_MarkupInDressedPages: a folder's templates escape as ours do.
func TestA110_MarkupInDressedPages(t *testing.T) {
	r := dressed(t, Folder{"templates/login.html": []byte(`{{define "title"}}x{{end}}{{define "main"}}<p title="{{.Client}}"><a href="{{.Client}}">{{.Client}}</a>{{end}}`)})
	want := shape(document(t, r, &Login{Client: "plain", Step: StepBoth}))
	for _, payload := range payloads {
		d := document(t, r, &Login{Client: payload, Step: StepBoth})
		if got := shape(d); got != want {
			t.Errorf("%q changes the document:\n%s", payload, got)
		}
		checkAddresses(t, d)
	}
}

// TestA121_FolderIsTheWorld: no name and no link leads out of the folder.
func TestA121_FolderIsTheWorld(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret.css"), []byte("secret{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(lay func(dir string) error) (Folder, error) {
		dir := t.TempDir()
		for _, sub := range []string{"assets", "templates", ".git"} {
			if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for name, text := range map[string]string{"assets/a.css": "a{}", "README.md": "x", ".git/config": "x", "assets/.hidden.css": "x"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := lay(dir); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		return ReadFolder(root.FS())
	}
	for name, target := range map[string]string{
		"absolute": filepath.Join(outside, "secret.css"), "climbing": "../../" + filepath.Base(outside) + "/secret.css",
		"a device": "/dev/zero", "a folder": outside, "nowhere": "gone.css", "itself": "link.css",
	} {
		f, err := read(func(dir string) error { return os.Symlink(target, filepath.Join(dir, "assets/link.css")) })
		if err == nil || !strings.Contains(err.Error(), "assets/link.css: ") || strings.Contains(err.Error(), "secret{}") {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	f, err := read(func(dir string) error { return os.Symlink("a.css", filepath.Join(dir, "assets/b.css")) })
	if err != nil || len(f) != 2 || string(f["assets/b.css"]) != "a{}" {
		t.Errorf("within: %q, %v", f, err)
	}
	if _, err := read(func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "assets/large.css"), make([]byte, maxFolderFile+1), 0o644)
	}); err == nil || !strings.Contains(err.Error(), "larger than 512 KiB") {
		t.Errorf("large: %v", err)
	}
	// Names in templates and style sheets are looked up in what was read.
	for _, name := range []string{"../secret.css", "/etc/passwd", "..%2fsecret.css", "a.css/../../x"} {
		_, err := testRenderer(t).Dress(Folder{"templates/error.html": []byte(`{{define "title"}}x{{end}}{{define "main"}}{{asset "` + name + `"}}{{end}}`)})
		if err == nil || errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
		r := dressed(t, Folder{"assets/base.css": []byte("a{background:url(" + name + ")}")})
		if strings.Contains(get(t, r, r.plain.Stylesheet).Body.String(), "/assets/") {
			t.Errorf("%s was found", name)
		}
	}
}

// TestDocuments: every page that a step of a sign-in shows has a document, with
// the words of the page.
func TestDocuments(t *testing.T) {
	r := testRenderer(t)
	steps := map[string]string{}
	for name, p := range everyPage(testBrand(t, r)) {
		d, err := r.Document(p)
		switch p.(type) {
		case *Login, *NewPassword, *Profile, *Join, *Stopped, *Error:
			if err != nil || d.Step == "" || d.Language != "en" || d.Direction != "ltr" {
				t.Errorf("%s: %+v, %v", name, d, err)
				continue
			}
			steps[d.Step] = name
			text := document(t, r, p)
			if d.Title == "" || strings.TrimSpace(text.Find("h1").Text()) != strings.TrimSpace(d.Title) {
				t.Errorf("%s: the title is %q, that of the page %q", name, d.Title, text.Find("h1").Text())
			}
			for _, problem := range d.Problems {
				if problem.Field == "" || problem.Code == "" || !strings.Contains(text.Find("#problem").Text(), problem.Text) {
					t.Errorf("%s: %+v is not on the page", name, problem)
				}
			}
			if len(d.Problems) != text.Find("#problem li").Length() {
				t.Errorf("%s: %d problems", name, len(d.Problems))
			}
		default:
			if err == nil {
				t.Errorf("%s has a document", name)
			}
		}
	}
	if len(steps) != 6 {
		t.Errorf("steps %v", steps)
	}
}

// TestExamplesCover: each template is tried out with much and with little on it.
func TestExamplesCover(t *testing.T) {
	r := testRenderer(t)
	tried := map[string]int{"base.html": 2, "parts.html": 2}
	for _, p := range examples(Base{}) {
		name, _ := p.view(r.locales[0], r.frame(p.base()))
		tried[name+".html"]++
	}
	for _, name := range templateNames() {
		if tried[name] < 2 {
			t.Errorf("%s is tried %d times", name, tried[name])
		}
	}
}
