package page

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestLanguage(t *testing.T) {
	r := testRenderer(t)
	for _, test := range []struct {
		preferences []string
		want        string
	}{
		{nil, "en"},
		{[]string{"", "", "de-AT,de;q=0.9,en;q=0.5"}, "de"},
		{[]string{"fr de en"}, "de"},
		{[]string{"fr", "", "he;q=0.3, fr"}, "he"},
		{[]string{"en-GB", "de"}, "en"},
		{[]string{"iw"}, "he"},
		{[]string{"\x00;;q", "de"}, "de"},
		{[]string{strings.Repeat("de,", 1000), "he"}, "he"},
		{[]string{"tlh"}, "en"},
	} {
		if got := r.Language(test.preferences...); got != test.want {
			t.Errorf("%q: %q, want %q", test.preferences, got, test.want)
		}
	}
	alone, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := alone.Language("de"); got != "en" {
		t.Errorf("the only language is %q", got)
	}
}

func TestCatalogueProblems(t *testing.T) {
	c := English()
	delete(c, "login.title")
	c["login.continue"] = "weiter"
	c["login.or"] = "{{.Secret}}"
	c["spare"] = "x"
	c["language.dir"] = "up"
	_, err := New(Options{Catalogues: []Catalogue{c}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"login.title" is missing`, `"login.continue" names [], English names [client]`, `"login.or" holds a template action`, `"spare" is not known`, `language.dir is "up"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	c = English()
	c["language.tag"] = "not a tag"
	if _, err := New(Options{Catalogues: []Catalogue{c}}); err == nil {
		t.Error("a tag that is none is accepted")
	}
}

func TestParseCatalogue(t *testing.T) {
	c, err := ParseCatalogue("# note\n\n a.b = x = y \n")
	if err != nil || !maps.Equal(c, Catalogue{"a.b": "x = y"}) {
		t.Errorf("%v, %v", c, err)
	}
	for text, want := range map[string]string{
		"a = 1\nb":      "line 2",
		"a = 1\na = 2":  `"a" stands twice`,
		"a =":           "line 1",
		" = b":          "line 1",
		"a = 1\n\n c=d": "line 3",
	} {
		if _, err := ParseCatalogue(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseCatalogue(f *testing.F) {
	f.Add(englishText)
	f.Add("a = {b} c {d\nx = }{")
	f.Add("a = {b{}c {}")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCatalogue(text)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v, %v", c, err)
		}
		for key, sentence := range c {
			var b strings.Builder
			for _, s := range parseSentence(sentence) {
				if s.text == "" { // a name, though it may be empty
					b.WriteString("{" + s.name + "}")
				}
				b.WriteString(s.text)
			}
			if got := b.String(); got != sentence {
				t.Errorf("%q: %q became %q", key, sentence, got)
			}
		}
	})
}

// TestNoSpareWords: every key of the catalogue appears on some page, so a
// translator does no work for nothing.
func TestNoSpareWords(t *testing.T) {
	used := map[string]bool{}
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := templateFiles.ReadFile("templates/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range wordAction.FindAllStringSubmatch(string(source), -1) {
			used[m[2]] = true
		}
	}
	// Sentences that Go picks are watched while every page is rendered.
	r := testRenderer(t)
	l := r.locales[0]
	shown := map[string]string{}
	for name, p := range everyPage(testBrand(t, r)) {
		shown[name] = parseHTML(t, render(t, r, p)).Text()
	}
	for _, i := range []Identifier{UserName, EmailAddress, UserNameOrEmail} {
		label, _ := l.identifier(i)
		shown["identifier"] += label
	}
	for key := range standard {
		shown["attribute"] += l.attribute(key, "", false) + l.attribute(key, "", true)
	}
	everything := strings.Join(slices.Collect(maps.Values(shown)), "\n")
	for key, text := range english {
		longest := slices.MaxFunc(parseSentence(text), func(a, b segment) int { return len(a.text) - len(b.text) }).text
		if !used[key] && !strings.Contains(everything, strings.TrimSpace(longest)) {
			t.Errorf("%q appears on no page", key)
		}
	}
}

// TestTone holds the words to the rules for words in front of people.
func TestTone(t *testing.T) {
	banned := regexp.MustCompile(`(?i)!$|! |!\.|\b(please|error|invalid|failure|oops|sorry|idp|oidc|oauth|token|log ?in|log ?out|protocol|claim)\b`)
	for key, text := range english {
		if word := banned.FindString(text); word != "" && key != "rule.symbol" {
			t.Errorf("%s: %q in %q", key, word, text)
		}
	}
}

type failingWriter struct{ n int }

func (w *failingWriter) Write(p []byte) (int, error) {
	w.n++
	return 0, os.ErrClosed
}

func TestRenderWritesOnce(t *testing.T) {
	r := testRenderer(t)
	w := &failingWriter{}
	if err := r.Render(w, &Login{Step: StepBoth}); !errors.Is(err, os.ErrClosed) || w.n != 1 {
		t.Errorf("%d writes, %v", w.n, err)
	}
}

type brokenPage struct{ Base }

func (p *brokenPage) view(*locale, Frame) (string, any) { return "login", 7 }

func TestRenderWritesNothingOnError(t *testing.T) {
	r := testRenderer(t)
	var b bytes.Buffer
	if err := r.Render(&b, &brokenPage{}); err == nil || b.Len() != 0 {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
}

func TestNonce(t *testing.T) {
	r := testRenderer(t)
	if got := document(t, r, &Error{Base: Base{Nonce: "r4nd0m"}}).Find("script").AttrOr("nonce", ""); got != "r4nd0m" {
		t.Errorf("nonce %q", got)
	}
	if _, ok := document(t, r, &Error{}).Find("script").Attr("nonce"); ok {
		t.Error("a nonce nobody gave")
	}
}

func TestPrefix(t *testing.T) {
	r, err := New(Options{Prefix: "/sso/assets/"})
	if err != nil {
		t.Fatal(err)
	}
	if got := document(t, r, &Error{}).Find("script").AttrOr("src", ""); !strings.HasPrefix(got, "/sso/assets/") {
		t.Errorf("script at %q", got)
	}
}

// TestWeight: the whole of a page with six ways in and the form is under 20 kB,
// before compression and without the logo.
func TestWeight(t *testing.T) {
	r := testRenderer(t)
	ways := []Provider{corporate(), social("Google", "google"), social("Apple", "apple"), social("Microsoft", "microsoft"), social("Amazon", "amazon"), social("GitHub", "github")}
	brand := testBrand(t, r)
	html := len(render(t, r, &Login{Base: Base{Brand: brand}, Client: "Expenses", Step: StepBoth, Providers: ways, Problem: WrongPassword}))
	style, script := get(t, r, brand.Stylesheet).Body.Len(), get(t, r, r.script).Body.Len()
	if total := html + style + script; total > 20_000 {
		t.Errorf("%d bytes: page %d, stylesheet %d, script %d", total, html, style, script)
	}
	recordStyle, recordScript := get(t, r, r.recordStyle).Body.Len(), get(t, r, r.recordScript).Body.Len()
	record := len(render(t, r, everyRecord(Base{Brand: brand})["record/open"]))
	if total := record + style + script + recordStyle + recordScript; total > 30_000 {
		t.Errorf("%d bytes: record %d, its stylesheet %d, its script %d", total, record, recordStyle, recordScript)
	}
	t.Logf("record %d; its stylesheet %d; its script %d", record, recordStyle, recordScript)
	styleGzip := get(t, r, brand.Stylesheet, "Accept-Encoding", "gzip").Body.Len()
	scriptGzip := get(t, r, r.script, "Accept-Encoding", "gzip").Body.Len()
	t.Logf("page %d; stylesheet %d (%d compressed); script %d (%d compressed)", html, style, styleGzip, script, scriptGzip)
}

func TestConcurrentUse(t *testing.T) {
	r := testRenderer(t)
	pages := everyPage(testBrand(t, r))
	want := map[string][]byte{}
	for name, p := range pages {
		want[name] = render(t, r, p)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if _, err := r.Brand(Branding{Accent: Color{R: uint8(i)}.String()}); err != nil {
				t.Error(err)
			}
			for name, p := range pages {
				var b bytes.Buffer
				if err := r.Render(&b, p); err != nil || !bytes.Equal(b.Bytes(), want[name]) {
					t.Errorf("%s differs when rendered beside others (%v)", name, err)
				}
			}
		})
	}
	wg.Wait()
}
