package page

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// TestPagesAreAccessible holds on every page and state what WCAG 2.2 AA needs
// of the markup.
func TestPagesAreAccessible(t *testing.T) {
	r := testRenderer(t)
	for name, p := range everyPage(testBrand(t, r)) {
		t.Run(name, func(t *testing.T) {
			d := document(t, r, p)
			if lang, _ := d.Find("html").Attr("lang"); lang != "en" {
				t.Errorf("lang is %q", lang)
			}
			if dir, _ := d.Find("html").Attr("dir"); dir != "ltr" {
				t.Errorf("dir is %q", dir)
			}
			if n := d.Find("h1").Length(); n != 1 {
				t.Errorf("%d h1", n)
			}
			if strings.TrimSpace(d.Find("h1").Text()) == "" {
				t.Error("the h1 is empty")
			}
			if n := d.Find("main").Length(); n != 1 {
				t.Errorf("%d main", n)
			}
			checkTitle(t, d)
			checkReferences(t, d)
			checkLabels(t, d)
			d.Find("[tabindex]").Each(func(_ int, s *goquery.Selection) {
				if v, _ := s.Attr("tabindex"); v != "-1" {
					t.Errorf("tabindex=%q breaks the order of the document", v)
				}
			})
			if n := d.Find("[autofocus]").Length(); n > 1 {
				t.Errorf("%d elements want the focus", n)
			}
			if n := d.Find(".filled").Length(); n > 1 {
				t.Errorf("%d filled buttons: one decision only", n)
			}
			d.Find("svg").Each(func(_ int, s *goquery.Selection) {
				if s.AttrOr("aria-hidden", "") != "true" {
					t.Error("a drawing is not hidden from screen readers")
				}
			})
			d.Find("iframe").Each(func(_ int, s *goquery.Selection) {
				if s.AttrOr("title", "") == "" || s.AttrOr("aria-hidden", "") != "true" || s.AttrOr("tabindex", "") != "-1" {
					t.Error("a frame nobody sees can be come upon")
				}
			})
			// What only the script can serve is not there without it.
			d.Find("button.reveal[type=button]").Each(func(_ int, s *goquery.Selection) {
				if _, hidden := s.Attr("hidden"); !hidden {
					t.Error("a button for the script shows without the script")
				}
			})
		})
	}
}

func checkTitle(t *testing.T, d *goquery.Document) {
	t.Helper()
	title := d.Find("title").Text()
	if title == "" || strings.HasPrefix(title, " ") {
		t.Errorf("title %q", title)
	}
	if d.Find(".problem").Length() > 0 && !strings.HasPrefix(title, "Problem: ") {
		t.Errorf("title %q does not say that there is a problem", title)
	}
}

// checkReferences proves that ids are unique and that each one referred to exists.
func checkReferences(t *testing.T, d *goquery.Document) {
	t.Helper()
	ids := map[string]bool{}
	d.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id, _ := s.Attr("id")
		if ids[id] {
			t.Errorf("id %q stands twice", id)
		}
		ids[id] = true
	})
	for _, attr := range []string{"for", "aria-describedby", "aria-labelledby"} {
		d.Find("[" + attr + "]").Each(func(_ int, s *goquery.Selection) {
			for id := range strings.FieldsSeq(s.AttrOr(attr, "")) {
				if !ids[id] {
					t.Errorf("%s=%q leads nowhere", attr, id)
				}
			}
		})
	}
	d.Find(`a[href^="#"]`).Each(func(_ int, s *goquery.Selection) {
		if id := strings.TrimPrefix(s.AttrOr("href", ""), "#"); !ids[id] {
			t.Errorf("link to #%s leads nowhere", id)
		}
	})
}

// checkLabels proves that every visible field has a label and says what it may be
// filled with.
func checkLabels(t *testing.T, d *goquery.Document) {
	t.Helper()
	d.Find("input, textarea").Each(func(_ int, s *goquery.Selection) {
		if s.AttrOr("type", "") == "hidden" {
			return
		}
		id := s.AttrOr("id", "")
		if label := d.Find(`label[for="` + id + `"]`); label.Length() != 1 || strings.TrimSpace(label.Text()) == "" {
			t.Errorf("field %q has no label", id)
		}
		if _, ok := s.Attr("autocomplete"); !ok && s.AttrOr("type", "") != "checkbox" {
			t.Errorf("field %q has no autocomplete", id)
		}
		if s.AttrOr("aria-invalid", "") == "true" && s.AttrOr("aria-describedby", "") == "" {
			t.Errorf("field %q is invalid and does not say why", id)
		}
	})
	d.Find("a, button").Each(func(_ int, s *goquery.Selection) {
		if strings.TrimSpace(s.Text()) == "" {
			t.Error("a link or button has no text")
		}
	})
}

func TestLanguageAndDirection(t *testing.T) {
	r := testRenderer(t)
	d := document(t, r, &Login{Base: Base{Language: "he"}, Client: "Expenses", Step: StepBoth})
	if html := d.Find("html"); html.AttrOr("lang", "") != "he" || html.AttrOr("dir", "") != "rtl" {
		t.Errorf("lang %q dir %q", html.AttrOr("lang", ""), html.AttrOr("dir", ""))
	}
	d = document(t, r, &Login{Base: Base{Language: "de"}, Client: "Expenses", Step: StepBoth})
	if got := d.Find(".lead").Text(); got != "um mit Expenses fortzufahren" {
		t.Errorf("lead %q", got)
	}
	d = document(t, r, &Login{Base: Base{Language: "xx"}, Step: StepBoth})
	if got := d.Find("h1").Text(); got != "Sign in" {
		t.Errorf("an unknown language gives %q", got)
	}
}
