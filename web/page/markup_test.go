package page

import (
	"reflect"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

var payloads = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`' onfocus='alert(1)' autofocus='`,
	`javascript:alert(1)`,
	`JaVaScRiPt:alert(1)`,
	`data:text/html,<script>alert(1)</script>`,
	`//evil.example/x`,
	`</title><script>alert(1)</script>`,
	`</textarea><script>alert(1)</script>`,
	`{{.}}${7*7}`,
	`--></style><style>*{color:red}</style>`,
	"\x00\xff\u202e</bdi>",
	`&lt;b&gt;&#x3c;script>`,
	`x" formaction="https://evil.example`,
	`<svg/onload=alert(1)>`,
	`\u003cscript\u003e`,
}

// fill puts s into every string a page struct has, also those in slices, and
// makes empty slices one long so that there is something to fill.
func fill(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		// Enumerations pick sentences of the catalogue; handlers never take them from outside.
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(s)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name == "Brand" || v.Type().Field(i).Name == "Language" {
				continue
			}
			fill(v.Field(i), s)
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			fill(v.Index(i), s)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), s)
		}
	}
}

// shape is the document without what came from outside: its elements and the
// names of their attributes.
func shape(d *goquery.Document) string {
	var b strings.Builder
	d.Find("*").Each(func(_ int, s *goquery.Selection) {
		b.WriteString(goquery.NodeName(s))
		for _, a := range s.Nodes[0].Attr {
			b.WriteString(" " + a.Key)
		}
		b.WriteByte('\n')
	})
	return b.String()
}

// TestA110_MarkupInAnyValue fills every string of every page with markup: the
// document keeps the elements and attributes that it has with plain text, and
// no link leads to anything but the web.
func TestA110_MarkupInAnyValue(t *testing.T) {
	r := testRenderer(t)
	for name := range everyPage(testBrand(t, r)) {
		t.Run(name, func(t *testing.T) {
			plain := everyPage(nil)[name]
			fill(reflect.ValueOf(plain).Elem(), "https://plain.example/")
			want := shape(document(t, r, plain))
			linked := link(plain, "")
			less := shape(document(t, r, plain)) // an address that is not of the web is left out
			for _, payload := range payloads {
				p := everyPage(nil)[name]
				fill(reflect.ValueOf(p).Elem(), payload)
				d := document(t, r, p)
				if got := shape(d); got != less {
					t.Errorf("%q changes the document", payload)
				}
				if linked {
					link(p, "https://plain.example/")
					if got := shape(document(t, r, p)); got != want {
						t.Errorf("%q changes the document with its links", payload)
					}
				}
				checkAddresses(t, d)
			}
		})
	}
}

// link sets the addresses that a page shows only when they are of the web. It
// tells whether there are such.
func link(p Page, to string) bool {
	switch p := p.(type) {
	case *SignedOut:
		p.Return = to
	case *LogoutRecord:
		p.Return = to
	case *SigningOut:
		p.Next = to
		for i := range p.Frames {
			p.Frames[i].URL = to
		}
	case *Button:
		p.Way.Href = to
	default:
		return false
	}
	return true
}

const blanks = "\x00\x01\x02\x03\x04\x05\x06\x07\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f "

// checkAddresses proves that every address in a document is one a browser may
// follow without running anything.
func checkAddresses(t *testing.T, d *goquery.Document) {
	t.Helper()
	d.Find("meta[http-equiv]").Each(func(_ int, s *goquery.Selection) {
		_, to, found := strings.Cut(s.AttrOr("content", ""), ";url=")
		if found && !isWeb(to) && !isPath(to) {
			t.Errorf("the page goes on to %q", to)
		}
	})
	for _, attr := range []string{"href", "src", "srcset", "action", "formaction"} {
		d.Find("[" + attr + "]").Each(func(_ int, s *goquery.Selection) {
			value := s.AttrOr(attr, "")
			if goquery.NodeName(s) == "link" && value == "data:," {
				return
			}
			// As a browser does (URL Standard §4.4): blanks and controls before the
			// scheme, tabs and line ends anywhere are dropped.
			value = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(strings.TrimLeft(value, blanks))
			scheme, _, found := strings.Cut(value, ":")
			if !found || strings.ContainsAny(scheme, "/?#") {
				return
			}
			switch strings.ToLower(scheme) {
			case "http", "https", "mailto":
			default:
				t.Errorf("%s=%q may run something", attr, value)
			}
		})
	}
}

// TestA17_NothingFromElsewhere: no page loads anything from another origin, and
// nothing is inline.
func TestA17_NothingFromElsewhere(t *testing.T) {
	r := testRenderer(t)
	for name, p := range everyPage(testBrand(t, r)) {
		html := render(t, r, p)
		d := parseHTML(t, html)
		if frames := d.Find("iframe"); frames.Length() > 0 {
			if _, ok := p.(*SigningOut); !ok {
				t.Errorf("%s has a frame", name)
			}
		}
		d.Find("script, link, img, source, object, embed, use").Each(func(_ int, s *goquery.Selection) {
			for _, attr := range []string{"src", "href", "srcset", "data"} {
				v, ok := s.Attr(attr)
				if ok && v != "data:," && v != "#grid" && !strings.HasPrefix(v, "/assets/") {
					t.Errorf("%s: %s %s=%q", name, goquery.NodeName(s), attr, v)
				}
			}
		})
		d.Find("*").Each(func(_ int, s *goquery.Selection) {
			for _, a := range s.Nodes[0].Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s: inline %s=%q", name, a.Key, a.Val)
				}
			}
		})
		if d.Find("style").Length() > 0 || strings.TrimSpace(d.Find("script").Text()) != "" {
			t.Errorf("%s: inline style or script", name)
		}
	}
}

func TestA66_ReceivedTextIsCleanedAndCut(t *testing.T) {
	r := testRenderer(t)
	d := document(t, r, &Stopped{Reason: RequestRefused, Mismatches: []Mismatch{{
		Name: "redirect_uri", Received: "https://a.example/\u202e\x1b[31m\n" + strings.Repeat("é", 1<<20),
	}}})
	got := d.Find(".facts dd").First().Text()
	if n := len([]rune(got)); n != 501 || !strings.HasSuffix(got, "…") {
		t.Errorf("%d characters remain, ending in %q", n, got[len(got)-4:])
	}
	if strings.ContainsAny(got, "\u202e\x1b\n") {
		t.Errorf("controls remain: %q", got[:40])
	}
	if d.Find(".card a").Length() != 0 {
		t.Error("there is a link")
	}
}

// TestA41_FormPost: values arrive unchanged, and the form leads where it was told.
func TestA41_FormPost(t *testing.T) {
	r := testRenderer(t)
	value := `"><script>alert(1)</script>` + "\n&amp;"
	d := document(t, r, &Working{Action: "https://app.example/cb?x=1&y=2", Fields: []Hidden{{"state", value}}})
	form := d.Find("form")
	if got := form.AttrOr("action", ""); got != "https://app.example/cb?x=1&y=2" {
		t.Errorf("action %q", got)
	}
	if got := form.AttrOr("method", ""); got != "post" {
		t.Errorf("method %q", got)
	}
	if got := form.Find("input[name=state]").AttrOr("value", ""); got != value {
		t.Errorf("state %q", got)
	}
	if form.Find("button[type=submit]").Length() != 1 {
		t.Error("no button for people without script")
	}
	d = document(t, r, &Working{Action: "javascript:alert(1)"})
	checkAddresses(t, d)
}

func FuzzLogin(f *testing.F) {
	for _, p := range payloads {
		f.Add(p, p, p)
	}
	r := testRenderer(f)
	page := func(a, b, c string) *Login {
		return &Login{Client: a, Username: b, Tx: b, Action: c, Step: StepBoth, Providers: []Provider{{Name: a, Label: b, Href: c}}}
	}
	want := shape(document(f, r, page("a", "b", "c")))
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if a == "" || b == "" || strings.Trim(a, " \t\r\n\f") == "" {
			return // an empty name leaves a sentence out
		}
		d := document(t, r, page(a, b, c))
		if got := shape(d); got != want {
			t.Errorf("the document changed:\n%s", got)
		}
		checkAddresses(t, d)
	})
}
