package page

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// submitted is where the form of a kit leads, as a browser makes it of the fields.
func submitted(t *testing.T, form string) string {
	t.Helper()
	f := parseHTML(t, []byte(form)).Find("form")
	if f.AttrOr("method", "") != "get" || f.Length() != 1 {
		t.Fatalf("no form:\n%s", form)
	}
	u, err := url.Parse(f.AttrOr("action", ""))
	if err != nil {
		t.Fatal(err)
	}
	v := url.Values{}
	inputs := f.Find("input[type=hidden]")
	for i := range inputs.Length() {
		v.Add(inputs.Eq(i).AttrOr("name", ""), inputs.Eq(i).AttrOr("value", ""))
	}
	u.RawQuery = v.Encode()
	return u.String()
}

func TestKit(t *testing.T) {
	r := testRenderer(t)
	brand := testBrand(t, r)
	const start = "https://expenses.example/start?iss=https%3A%2F%2Flogin.example&tenant=a+b"
	kit, err := r.Kit(brand, "", Provider{Name: "CorporateID", Kind: Corporate, Href: start})
	if err != nil {
		t.Fatal(err)
	}
	if kit.Link != start || submitted(t, kit.Form) != start {
		t.Errorf("link %q, form\n%s", kit.Link, kit.Form)
	}
	if got := strings.TrimSpace(parseHTML(t, []byte(kit.Form)).Find("button[type=submit]").Text()); got != "Sign in with your corporate ID" {
		t.Errorf("button %q", got)
	}
	d := parseHTML(t, []byte(kit.HTML))
	a := d.Find("a")
	if a.Length() != 1 || a.AttrOr("href", "") != start || strings.TrimSpace(a.Text()) != "Sign in with your corporate ID" || a.Find(`svg[aria-hidden="true"]`).Length() != 1 {
		t.Errorf("button\n%s", kit.HTML)
	}
	style := d.Find("style").Text()
	for _, want := range []string{"min-height:44px", ":focus-visible{outline:2px solid", "@media (prefers-color-scheme:dark)", "background:#5b5bd6"} {
		if !strings.Contains(style, want) {
			t.Errorf("no %s in the style", want)
		}
	}
	// It loads nothing, runs nothing, and says nothing of what is not itself.
	if regexp.MustCompile(`url\(|@import|<script|\bon[a-z]+=`).MatchString(kit.HTML) {
		t.Errorf("not self-contained:\n%s", kit.HTML)
	}
	for _, rule := range regexp.MustCompile(`(?m)^([^{}@\n]+)\{`).FindAllStringSubmatch(style, -1) {
		if !strings.HasPrefix(rule[1], "a.isthmus-button:any-link") {
			t.Errorf("a rule for %s", rule[1])
		}
	}
	// The page shows the very same button under the very same style.
	page := document(t, r, &Button{Base: Base{Brand: brand}, Way: Provider{Name: "CorporateID", Kind: Corporate, Href: start}})
	sheet := page.Find("link[rel=stylesheet]").Last().AttrOr("href", "")
	if body := get(t, r, sheet).Body.String(); !strings.HasPrefix(body, strings.Trim(style, "\n")) {
		t.Errorf("the preview has another style:\n%s", body)
	}
	shown, _ := page.Find(".preview").Html()
	meant, _ := d.Find("body").Html()
	if meant = strings.TrimSpace(strings.ReplaceAll(meant, "\n", "")); strings.TrimSpace(strings.ReplaceAll(shown, "\n", "")) != meant {
		t.Errorf("the preview is\n%s\nand the snippet\n%s", shown, meant)
	}
}

// TestA111_KitHoldsNoMarkup: whatever the label and the names are, the snippets
// hold the elements that they should, and say it as text.
func TestA111_KitHoldsNoMarkup(t *testing.T) {
	r := testRenderer(t)
	brand := testBrand(t, r)
	for _, payload := range payloads {
		kit, err := r.Kit(brand, "", Provider{Label: payload, Href: "https://expenses.example/start?iss=" + url.QueryEscape(payload)})
		if err != nil {
			t.Fatal(err)
		}
		form, button := parseHTML(t, []byte(kit.Form)), parseHTML(t, []byte(kit.HTML))
		if got := form.Find("body *").Length(); got != 3 {
			t.Errorf("%q: %d elements in\n%s", payload, got, kit.Form)
		}
		if got := button.Find("body *").Length() + button.Find("head *").Length(); got != 3 { // style, a, span
			t.Errorf("%q: %d elements in\n%s", payload, got, kit.HTML)
		}
		if href, err := url.Parse(button.Find("a").AttrOr("href", "")); err != nil || href.Host != "expenses.example" {
			t.Errorf("%q leads to %v", payload, href)
		}
		if strings.ToValidUTF8(payload, "") == payload && !strings.Contains(payload, "\x00") && strings.TrimSpace(button.Find("span").Text()) != payload {
			t.Errorf("%q is said as %q", payload, button.Find("span").Text())
		}
	}
	for _, href := range []string{"", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.example", "/login", "https:evil.example", "https://a.example/?x=%zz", "mailto:a@b.example"} {
		if kit, err := r.Kit(brand, "", Provider{Label: "x", Href: href}); err == nil {
			t.Errorf("%q leads somewhere:\n%s", href, kit.HTML)
		}
		if d := document(t, r, &Button{Base: Base{Brand: brand}, Client: "Expenses", Way: Provider{Name: "x", Href: href}}); d.Find(".preview, textarea").Length() != 0 {
			t.Errorf("%q is shown", href)
		}
	}
}
