package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/isthmus-hub/isthmus/hub/store"
)

// damagedFile is a database with entries of all sizes, and what is in it.
type damagedFile struct {
	*os.File
	content map[string]string
	sound   []byte
	former  []byte // as it was some commits before
	used    int    // bytes in pages; the file may be longer
}

func newDamagedFile(t *testing.T) *damagedFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hub.db")
	e := openAt(t, path, Options{NoSync: true})
	content := map[string]string{}
	rnd := rand.New(rand.NewPCG(1, 2))
	var former []byte
	for commit := range 12 { // several commits leave old pages behind
		err := e.Update(t.Context(), func(w store.Writer) error {
			for range 40 {
				key := fmt.Sprintf("key %04d", rnd.IntN(1000))
				value := make([]byte, rnd.IntN(200))
				if rnd.IntN(100) == 0 {
					value = make([]byte, 9000)
				}
				for i := range value {
					value[i] = byte(rnd.Uint32())
				}
				if err := w.Put(key, value); err != nil {
					return err
				}
				content[key] = string(value)
			}
			return nil
		})
		if err == nil && commit == 8 {
			former, err = os.ReadFile(path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	h, err := readHeaders(file, int64(len(sound)))
	if err != nil {
		t.Fatal(err)
	}
	return &damagedFile{file, content, sound, former, int(h.pages) * int(h.pageSize)}
}

// judge opens the damaged file. Either it is refused, or everything in it is as it was.
func (f *damagedFile) judge(t *testing.T, what string) (found bool) {
	t.Helper()
	e, err := Open(f.Name(), Options{NoSync: true})
	if err != nil {
		var refusal *OpenError
		if !errors.As(err, &refusal) || (!errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign)) {
			t.Errorf("%s: error %v", what, err)
		}
		return true
	}
	content := map[string]string{}
	err = e.View(t.Context(), func(r store.Reader) error {
		entries, err := r.Range("", "", 10_000)
		for _, entry := range entries {
			content[entry.Key] = string(entry.Value)
		}
		return err
	})
	if err := errors.Join(err, e.Close()); err != nil || !maps.Equal(content, f.content) {
		t.Errorf("%s: opened, with %d entries of %d, and error %v", what, len(content), len(f.content), err)
	}
	return false
}

// spoil writes bytes at an offset, has the file judged, and writes back what was there.
func (f *damagedFile) spoil(t *testing.T, at int, wrong []byte, what string) (found bool) {
	t.Helper()
	if _, err := f.WriteAt(wrong, int64(at)); err != nil {
		t.Fatal(err)
	}
	found = f.judge(t, what)
	if _, err := f.WriteAt(f.sound[at:at+len(wrong)], int64(at)); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestA183_FlippedBytes(t *testing.T) {
	f := newDamagedFile(t)
	pageSize := os.Getpagesize()
	for at := range headSize + metaSize {
		for page := range 2 {
			found := f.spoil(t, page*pageSize+at, []byte{f.sound[page*pageSize+at] ^ 1}, fmt.Sprintf("header %d byte %d", page, at))
			if at >= headSize && !found {
				t.Errorf("header %d byte %d: a flip was not found", page, at)
			}
		}
	}
	found := 0
	const flips = 800
	for range flips {
		at := 2*pageSize + rand.IntN(f.used-2*pageSize)
		if rand.IntN(3) == 0 { // page heads and elements are few bytes, and where structure is
			at = at/pageSize*pageSize + rand.IntN(headSize+4*elemSize)
		}
		wrong := f.sound[at] ^ byte(1<<rand.IntN(8))
		if rand.IntN(3) == 0 {
			wrong = f.sound[at] ^ byte(1+rand.IntN(255))
		}
		if f.spoil(t, at, []byte{wrong}, fmt.Sprintf("byte %d from %#x to %#x", at, f.sound[at], wrong)) {
			found++
		}
	}
	t.Logf("of %d flips in %d KiB, %d were found and the others harmless", flips, f.used/1024, found)
	if found < flips/20 {
		t.Errorf("%d of %d flips were found", found, flips)
	}
}

func TestA183_WrongPages(t *testing.T) {
	f := newDamagedFile(t)
	pageSize := os.Getpagesize()
	pages := f.used / pageSize
	found := 0
	for i := range pages {
		at := i * pageSize
		if f.spoil(t, at, make([]byte, pageSize), fmt.Sprintf("page %d zeroed", i)) {
			found++
		}
		other := rand.IntN(pages) * pageSize
		f.spoil(t, at, f.sound[other:other+pageSize], fmt.Sprintf("page %d is page %d", i, other/pageSize))
		f.spoil(t, at+pageSize/2, make([]byte, pageSize/2), fmt.Sprintf("page %d half zeroed", i))
	}
	if found < 4 {
		t.Errorf("%d of %d zeroed pages were found", found, pages)
	}
}

// A page that a disk did not write, though it said so, is what it was before: valid in itself.
func TestA183_LostWrites(t *testing.T) {
	f := newDamagedFile(t)
	pageSize := os.Getpagesize()
	changed, found := 0, 0
	for at := 0; at+pageSize <= min(f.used, len(f.former)); at += pageSize {
		old := f.former[at : at+pageSize]
		if bytes.Equal(old, f.sound[at:at+pageSize]) {
			continue
		}
		changed++
		if f.spoil(t, at, old, fmt.Sprintf("page %d as it was", at/pageSize)) {
			found++
		}
	}
	if found < 3 {
		t.Errorf("%d of %d old pages were found", found, changed)
	}
}

func TestA183_Truncated(t *testing.T) {
	f := newDamagedFile(t)
	var sizes []int
	for size := 0; size < f.used; size += os.Getpagesize() {
		sizes = append(sizes, size, size+1, size+rand.IntN(os.Getpagesize()))
	}
	for _, size := range append(sizes, f.used-1) {
		if size >= f.used {
			continue
		}
		if err := os.WriteFile(f.Name(), f.sound[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		if !f.judge(t, fmt.Sprintf("cut to %d bytes", size)) {
			t.Errorf("a cut to %d of %d bytes was not found", size, f.used)
		}
	}
	if err := os.WriteFile(f.Name(), f.sound[:f.used], 0o600); err != nil {
		t.Fatal(err)
	}
	if f.judge(t, "only unused space cut") {
		t.Error("a sound file was refused")
	}
}

// For any bytes written over any place of a sound file, with header checksums made to fit: the examination
// ends without a panic, and its verdict is one of ours.
func FuzzExamine(f *testing.F) {
	path := filepath.Join(f.TempDir(), "hub.db")
	e, err := Open(path, Options{NoSync: true})
	if err != nil {
		f.Fatal(err)
	}
	for i := range 40 {
		put(f, e, fmt.Sprintf("key %d %0200d", i, i))
	}
	if err := e.Close(); err != nil {
		f.Fatal(err)
	}
	sound, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	sound = sound[:min(len(sound), 32*os.Getpagesize())]
	f.Add(uint32(os.Getpagesize()+headSize+16), []byte{3})
	f.Add(uint32(3*os.Getpagesize()), []byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Add(uint32(5*os.Getpagesize()+8), []byte{2, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, at uint32, wrong []byte) {
		file := bytes.Clone(sound)
		copy(file[int(at)%len(file):], wrong)
		for _, page := range [][]byte{file, file[os.Getpagesize():]} {
			meta := page[headSize:]
			sum := fnv.New64a()
			sum.Write(meta[:metaSize-8])
			order.PutUint64(meta[metaSize-8:], sum.Sum64())
		}
		r := bytes.NewReader(file)
		h, err := readHeaders(r, int64(len(file)))
		if err == nil {
			err = examine(t.Context(), r, h)
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) {
			t.Errorf("verdict %v", err)
		}
	})
}

// An entry that is damaged while the file is in use is an error, never a value.
func TestDamageInUse(t *testing.T) {
	e := openTemp(t)
	put(t, e, "sound", "needle", "other")
	raw, err := os.ReadFile(e.path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(raw, []byte("needle")) // the key comes before its value
	if _, err := e.file.WriteAt([]byte("NEEDLE"), int64(at)); err != nil {
		t.Fatal(err)
	}
	if err := e.Check(t.Context()); !errors.Is(err, ErrDamaged) {
		t.Errorf("Check gives %v", err)
	}
	err = e.View(t.Context(), func(r store.Reader) error {
		_, err := r.Range("", "", 10)
		return err
	})
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("Range gives %v", err)
	}
	if got := get(t, e, "sound"); got != "sound" {
		t.Errorf("another value is %q", got)
	}
}
