package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/seal"
)

func TestSealAndOpen(t *testing.T) {
	s := seal.Generate().Derive("cookie")
	for _, size := range []int{0, 1, 15, 16, 17, 4096, 1 << 16} {
		for _, aad := range [][]byte{nil, {}, []byte("pool/eu")} {
			plain := bytes.Repeat([]byte{7}, size)
			box := s.Seal(plain, aad)
			if len(box) != size+seal.Overhead {
				t.Errorf("%d bytes make a box of %d, want %d", size, len(box), size+seal.Overhead)
			}
			got, err := s.Open(box, aad)
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes: %d back, %v", size, len(got), err)
			}
		}
	}
	if bytes.Equal(s.Seal(nil, nil), s.Seal(nil, nil)) {
		t.Error("two boxes are equal: the nonce is not random")
	}
}

func TestOpenRefusesEveryAlteration(t *testing.T) {
	k := seal.Generate()
	s := k.Derive("cookie")
	box, aad := s.Seal([]byte("secret"), []byte("aad")), []byte("aad")
	for i := range box {
		for bit := range 8 {
			changed := bytes.Clone(box)
			changed[i] ^= 1 << bit
			if _, err := s.Open(changed, aad); err == nil {
				t.Errorf("bit %d of byte %d is changed, and it opens", bit, i)
			}
		}
		if _, err := s.Open(box[:i], aad); !errors.Is(err, seal.ErrAltered) {
			t.Errorf("cut to %d bytes: %v, want %v", i, err, seal.ErrAltered)
		}
	}
	for name, c := range map[string]struct {
		sealer   *seal.Sealer
		box, aad []byte
	}{
		"longer":        {s, append(bytes.Clone(box), 0), aad},
		"other aad":     {s, box, []byte("aae")},
		"no aad":        {s, box, nil},
		"other purpose": {k.Derive("signing"), box, aad},
	} {
		if _, err := c.sealer.Open(c.box, c.aad); !errors.Is(err, seal.ErrAltered) {
			t.Errorf("%s: %v, want %v", name, err, seal.ErrAltered)
		}
	}
}

func TestA196_AnotherKeyIsNamed(t *testing.T) {
	box := seal.Generate().Derive("check").Seal([]byte("isthmus"), nil)
	_, err := seal.Generate().Derive("check").Open(box, nil)
	if !errors.Is(err, seal.ErrWrongKey) || errors.Is(err, seal.ErrAltered) {
		t.Errorf("got %v, want %v", err, seal.ErrWrongKey)
	}
}

func TestA196_RotationOpensOldBoxesAndRewraps(t *testing.T) {
	old := seal.Generate()
	both := old.Rotate()
	newest, err := seal.Parse(both.Text()[:44])
	if err != nil {
		t.Fatal(err)
	}
	aad := []byte("users/1")
	box := old.Derive("row").Seal([]byte("secret"), aad)
	s := both.Derive("row")
	if got, err := s.Open(box, aad); err != nil || string(got) != "secret" {
		t.Fatalf("old box: %q, %v", got, err)
	}
	if _, err := newest.Derive("row").Open(box, aad); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("without the old key: %v, want %v", err, seal.ErrWrongKey)
	}
	wrapped, err := s.Rewrap(box, aad)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := newest.Derive("row").Open(wrapped, aad); err != nil || string(got) != "secret" {
		t.Errorf("rewrapped box under the new key alone: %q, %v", got, err)
	}
	if again, err := s.Rewrap(wrapped, aad); err != nil || !bytes.Equal(again, wrapped) {
		t.Errorf("a box under the newest key is wrapped again: %v", err)
	}
	if _, err := s.Rewrap(wrapped[1:], aad); !errors.Is(err, seal.ErrAltered) {
		t.Errorf("a broken box: %v, want %v", err, seal.ErrAltered)
	}
}

func TestMAC(t *testing.T) {
	old := seal.Generate()
	both := old.Rotate()
	data := []byte("grant.3")
	mac := old.Derive("refresh").MAC(data)
	if mac != old.Derive("refresh").MAC(data) {
		t.Error("the MAC differs from call to call")
	}
	for name, c := range map[string]struct {
		sealer    *seal.Sealer
		data, mac []byte
		want      bool
	}{
		"same":             {old.Derive("refresh"), data, mac[:], true},
		"after a rotation": {both.Derive("refresh"), data, mac[:], true},
		"other purpose":    {old.Derive("reset"), data, mac[:], false},
		"other data":       {old.Derive("refresh"), []byte("grant.4"), mac[:], false},
		"cut":              {old.Derive("refresh"), data, mac[:31], false},
		"empty":            {old.Derive("refresh"), data, nil, false},
		"other key":        {seal.Generate().Derive("refresh"), data, mac[:], false},
	} {
		if got := c.sealer.VerifyMAC(c.data, c.mac); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if both.Derive("refresh").MAC(data) == mac {
		t.Error("the newest key does not make the MAC")
	}
}

func TestSealerIsSafeForConcurrentUse(t *testing.T) {
	s := seal.Generate().Rotate().Derive("cookie")
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for j := range 50 {
				plain := fmt.Appendf(nil, "%d.%d", i, j)
				if got, err := s.Open(s.Seal(plain, nil), nil); err != nil || !bytes.Equal(got, plain) {
					t.Errorf("%s came back as %s, %v", plain, got, err)
				}
				if mac := s.MAC(plain); !s.VerifyMAC(plain, mac[:]) {
					t.Errorf("the MAC of %s does not verify", plain)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzOpen(f *testing.F) {
	s := seal.Generate().Derive("cookie")
	good := s.Seal([]byte("secret"), []byte("aad"))
	f.Add(good, []byte("aad"))
	f.Add(good, []byte{})
	f.Add([]byte{1}, []byte{})
	f.Fuzz(func(t *testing.T, box, aad []byte) {
		plain, err := s.Open(box, aad)
		if err == nil && !(bytes.Equal(box, good) && string(aad) == "aad") {
			t.Errorf("%x with %x opens", box, aad)
		}
		if err != nil && (plain != nil || !errors.Is(err, seal.ErrAltered) && !errors.Is(err, seal.ErrWrongKey)) {
			t.Errorf("%x gives %x and %v", box, plain, err)
		}
		if got, err := s.Open(s.Seal(box, aad), aad); err != nil || !bytes.Equal(got, box) {
			t.Errorf("%x sealed and opened is %x, %v", box, got, err)
		}
	})
}

func BenchmarkSealer(b *testing.B) {
	s := seal.Generate().Rotate().Derive("cookie")
	plain, aad := make([]byte, 1000), []byte("pool/eu")
	box, mac := s.Seal(plain, aad), s.MAC(plain[:64])
	for name, f := range map[string]func(){
		"seal 1000 bytes": func() { s.Seal(plain, aad) },
		"open 1000 bytes": func() { s.Open(box, aad) },
		"MAC 64 bytes":    func() { s.MAC(plain[:64]) },
		"verify MAC":      func() { s.VerifyMAC(plain[:64], mac[:]) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}
