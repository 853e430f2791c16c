package strictjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

func TestDecodeAny(t *testing.T) {
	for text, want := range map[string]any{
		`null`:                           nil,
		` true `:                         true,
		"\t\r\nfalse":                    false,
		`""`:                             "",
		`"aé漢😀\u00e9\ud83d\ude00"`:       "aé漢😀é😀",
		`"\"\\\/\b\f\n\r\t\u0000"`:       "\"\\/\b\f\n\r\t\x00",
		`0`:                              json.Number("0"),
		`-0`:                             json.Number("-0"),
		`12345678901234567890`:           json.Number("12345678901234567890"),
		`1.5e-3`:                         json.Number("1.5e-3"),
		`1E+2`:                           json.Number("1E+2"),
		`1e-400`:                         json.Number("1e-400"), // small, not out of range: zero to everybody
		`"\nab\u0041cd"`:                 "\nabAcd",
		`[]`:                             []any{},
		`[ 1 , [ ] , { } ]`:              []any{json.Number("1"), []any{}, map[string]any{}},
		`{}`:                             map[string]any{},
		`{"a":{"b":[null]},"A":1,"":2}`:  map[string]any{"a": map[string]any{"b": []any{nil}}, "A": json.Number("1"), "": json.Number("2")},
		`"` + "\u2028\u2029\ufffd" + `"`: "\u2028\u2029\ufffd",
		deep(32):                         nested(32),
	} {
		var got any
		if err := strictjson.Decode([]byte(text), &got); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if !reflect.DeepEqual(want, got) { // go-cmp takes exponential time for nested lists
			t.Errorf("%s: %#v, want %#v", text, got, want)
		}
	}
}

func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func nested(n int) any {
	v := []any{}
	for range n - 1 {
		v = []any{v}
	}
	return v
}

func TestA54_Refused(t *testing.T) {
	for _, text := range []string{
		"", " ", "nul", "nulll", "True", "tru", "falsey", "undefined", "NaN", "Infinity", "-Infinity", "'a'", `a`,
		"01", "-", "+1", ".5", "1.", "1e", "1e+", "--1", "0x10", "1_000", "1,000", "1e999", "-1e999", strings.Repeat("9", 129), strings.Repeat("9", 400),
		`"`, `"a`, `"\`, `"\"`, `"\x41"`, `"\u12"`, `"\u12g4"`, `"\u+123"`, "\"a\x00b\"", "\"a\nb\"", "\"\x1f\"", "\"\xff\"", "\"\xc3\x28\"", "\"\xed\xa0\x80\"",
		`"\ud800"`, `"\udc00"`, `"\ud800\ud800"`, `"\ud800x"`, `"\ud800\n"`, `"\udc00\ud800"`, `"\ud83d\u0041"`, `"\u"`, `"\ud83d\xde00"`, `"\u12`, `"\ud83d\u`, "\"\\n\x01\"",
		"[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{", "}", "{]", `{"a"}`, `{"a":}`, `{"a":1,}`, `{,"a":1}`, `{"a" 1}`, `{"a":1 "b":2}`, `{a:1}`, `{1:1}`, `{"a"x1}`, `{"a"11}`, `{"a",1}`, `{"\x":1}`, `{"\ud800":1}`, `{"a":1]`,
		"1 2", "{} {}", "null,", "[]]", "{}x", "// c\n1", "1 // c", "/* c */1", "\ufeff1", "1\x00", "\v1", "\u00a01",
		`{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `{"x":{"a":1,"b":2,"a":3}}`, `[{"a":1,"a":2}]`, `{"":1,"":2}`, `{"` + strings.Repeat("n", 5000) + `":1,"` + strings.Repeat("n", 5000) + `":1}`, `{"é":1,"\u00e9":2}`, `{"😀":1,"\ud83d\ude00":2}`,
		deep(33), deep(100000), strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33),
		"[" + strings.Repeat("1,", 1<<16) + "1]",
	} {
		var got any
		err := strictjson.Decode([]byte(text), &got)
		var strict *strictjson.Error
		if !errors.As(err, &strict) {
			t.Errorf("%.60q gave %v, %v", text, got, err)
			continue
		}
		if strict.Offset < 0 || strict.Offset > len(text) || strict.Reason == "" || len(err.Error()) > 200 {
			t.Errorf("%.60q: error is %v", text, err)
		}
	}
}

type inner struct {
	City string `json:"city"`
}

type promoted struct {
	Kid string `json:"kid"`
}

// custom reads its own JSON, names included.
type custom struct{ Name string }

func (c *custom) UnmarshalJSON(b []byte) error { c.Name = string(b); return nil }

type target struct {
	promoted
	Sub     string           `json:"sub"`
	Exp     int64            `json:"exp,omitempty"`
	Scores  []float64        `json:"scores"`
	Address *inner           `json:"address"`
	Homes   []inner          `json:"homes"`
	ByName  map[string]inner `json:"by_name"`
	Any     any              `json:"any"`
	Raw     json.RawMessage  `json:"raw"`
	When    time.Time        `json:"when"`
	Custom  custom           `json:"custom"`
	Customs map[string]*custom
	Ignored string `json:"-"`
	Plain   string
	hidden  string
}

func TestDecodeStruct(t *testing.T) {
	var got target
	text := `{"kid":"k","sub":"a","exp":9,"scores":[1,2.5],"address":{"city":"B"},"homes":[{"city":"C"}],"by_name":{"City":{"city":"D"}},
		"any":{"Sub":1,"n":12345678901234567890},"raw":{"Sub":[1]},"when":"2026-01-02T03:04:05Z","-":"d","Plain":"p","unknown":{"Sub":1},"Ignored":"i","hidden":"h","IGNORED":1,"Hidden":2,
		"custom":{"NAME":1},"Customs":{"CUSTOM":{"name":2}}}`
	if err := strictjson.Decode([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	want := target{promoted: promoted{"k"}, Sub: "a", Exp: 9, Scores: []float64{1, 2.5}, Address: &inner{"B"}, Homes: []inner{{"C"}}, ByName: map[string]inner{"City": {"D"}},
		Any: map[string]any{"Sub": json.Number("1"), "n": json.Number("12345678901234567890")}, Raw: json.RawMessage(`{"Sub":[1]}`),
		When: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Plain: "p",
		Custom: custom{`{"NAME":1}`}, Customs: map[string]*custom{"CUSTOM": {`{"name":2}`}}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(target{})); d != "" || got.hidden != "" {
		t.Error(d)
	}
	for _, text := range []string{
		`{"Sub":"a"}`, `{"sub":"a","SUB":"b"}`, `{"ſub":"a"}`, `{"KID":"k"}`, `{"\u212Aid":"k"}`, `{"plain":"p"}`, `{"address":{"City":"B"}}`, `{"homes":[{"CITY":"C"}]}`,
		`{"by_name":{"x":{"City":"D"}}}`, `{"sub":1}`, `{"exp":"9"}`, `{"exp":1.5}`, `{"exp":1e30}`, `{"sub":"a"} ` + `{}`, `null`, `[]`, `"a"`, `{"any":{"a":1,"a":1}}`, `{"raw":{"a":1,"a":1}}`,
	} {
		var got target
		if err := strictjson.Decode([]byte(text), &got); err == nil {
			t.Errorf("%s was accepted: %+v", text, got)
		}
	}
}

func TestDecodeMap(t *testing.T) {
	got := map[string]any{"old": 1}
	if err := strictjson.Decode([]byte(`{"a":1}`), &got); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{`[]`, `null`, `1`, `"a"`} {
		if err := strictjson.Decode([]byte(text), &got); err == nil {
			t.Errorf("%s was accepted as a map", text)
		}
	}
	for _, v := range []any{nil, got, (*any)(nil), 1} {
		if err := strictjson.Decode([]byte(`{}`), v); err == nil {
			t.Errorf("target %T was accepted", v)
		}
	}
}

// TestA203_Linear: a mebibyte takes well under the seconds that a quadratic step would make of it, whatever it is of.
func TestA203_Linear(t *testing.T) {
	for _, piece := range []string{`{"a":1},`, `"\u00e9\ud83d\ude00",`, `123456789.123e5,`, `[[[[[[]]]]]],`, `   1,`, `"aaaaaaaaaaaaaaaaaaaaaaaa",`} {
		n := min((1<<20)/len(piece), strictjson.MaxValues/8)
		text := []byte("[" + strings.Repeat(piece, n) + `"` + strings.Repeat("x", 1<<20-n*len(piece)) + `"]`)
		start := time.Now()
		var v any
		if err := strictjson.Decode(text, &v); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: %s for a mebibyte", piece, took)
		}
	}
	var members strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&members, `"member number %d":%d,`, i, i)
	}
	start := time.Now()
	var got target
	if err := strictjson.Decode([]byte("{"+members.String()+`"sub":"a"}`), &got); err != nil || got.Sub != "a" {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%s for twenty thousand members", took)
	}
}

// FuzzDecode: what is accepted means the same to the standard decoder, and prints to something that is accepted again.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{`{"a":[1,"x",null,true,{"b":-1.5e3}]}`, `"\ud83d\ude00"`, `{"a":1,"a":2}`, `[1e999]`, `{"sub":"a","Sub":"b"}`, deep(32), "\"\xff\"", `-0.0`, ` [ ] `} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got any
		if strictjson.Decode(text, &got) != nil {
			return
		}
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		var std any
		if err := d.Decode(&std); err != nil {
			t.Fatalf("the standard decoder refuses: %v", err)
		}
		if !reflect.DeepEqual(std, got) {
			t.Fatalf("the standard decoder reads %#v, we read %#v", std, got)
		}
		if !json.Valid(text) {
			t.Fatal("accepted what is not valid")
		}
		printed, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var again any
		if err := strictjson.Decode(printed, &again); err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%s, printed as %s, reads as %v, %v", text, printed, again, err)
		}
		// A struct takes it as the standard decoder does, or not at all.
		var ours, theirs target
		if strictjson.Decode(text, &ours) == nil {
			if err := json.Unmarshal(text, &theirs); err != nil {
				t.Fatalf("the standard decoder refuses the struct: %v", err)
			}
			ours.Any, theirs.Any = nil, nil // numbers differ in type there by intent
			if diff := cmp.Diff(theirs, ours, cmp.AllowUnexported(target{})); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	text := []byte(`{"iss":"https://idp.example","sub":"248289761001","aud":"client","nonce":"n-0S6_WzA2Mj","exp":1311281970,"iat":1311280970,"auth_time":1311280969,"acr":"urn:mace:incommon:iap:silver","email":"a@x.example","email_verified":true,"groups":["a","b","c"]}`)
	b.SetBytes(int64(len(text)))
	b.Run("map", func(b *testing.B) {
		for b.Loop() {
			var v map[string]any
			if err := strictjson.Decode(text, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("standard", func(b *testing.B) {
		for b.Loop() {
			var v map[string]any
			if err := json.Unmarshal(text, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
