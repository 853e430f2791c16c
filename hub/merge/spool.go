package merge

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"os"
)

// spool keeps people in a file without a name, which goes with the process: a plan
// needs each of them again, and memory is for their keys.
type spool struct {
	file *os.File
	out  *bufio.Writer
	size int64
	rows []span
}

type span struct {
	at   int64
	size int32
}

func newSpool() (*spool, error) {
	f, err := os.CreateTemp("", "isthmus-merge-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return &spool{file: f, out: bufio.NewWriterSize(f, 256<<10)}, nil
}

// add keeps a person and returns its row.
func (s *spool) add(p *Person) (int32, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return 0, err
	}
	if _, err := s.out.Write(text); err != nil {
		return 0, err
	}
	s.rows = append(s.rows, span{s.size, int32(len(text))})
	s.size += int64(len(text))
	return int32(len(s.rows) - 1), nil
}

// get reads a row; nothing is added any more.
func (s *spool) get(row int32) (*Person, error) {
	if s.out.Buffered() > 0 {
		if err := s.out.Flush(); err != nil {
			return nil, err
		}
	}
	text := make([]byte, s.rows[row].size)
	if _, err := s.file.ReadAt(text, s.rows[row].at); err != nil {
		return nil, err
	}
	p := new(Person)
	return p, json.Unmarshal(text, p)
}

func (s *spool) close() { _ = s.file.Close() }

// digest is a key of an index, in 16 bytes however long it is. Nobody finds two
// texts of one digest, so equal digests are equal texts.
type digest [16]byte

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:16])
}

// index finds rows by key.
type index struct {
	first map[digest]int32
	more  map[digest][]int32 // after the first
}

func newIndex() *index { return &index{map[digest]int32{}, map[digest][]int32{}} }

func (x *index) add(key string, row int32) {
	d := digestOf(key)
	if _, there := x.first[d]; there {
		x.more[d] = append(x.more[d], row)
		return
	}
	x.first[d] = row
}

// maxAlike is how many rows of one key are looked at: a rule that matches
// everybody with everybody must not take for ever.
const maxAlike = 100

// get returns the rows of a key, maxAlike of them at most, and how many there are.
func (x *index) get(key string) (rows []int32, n int) {
	d := digestOf(key)
	first, there := x.first[d]
	if !there {
		return nil, 0
	}
	more := x.more[d]
	return append([]int32{first}, more[:min(len(more), maxAlike-1)]...), 1 + len(more)
}

func (x *index) count(key string) int {
	_, n := x.get(key)
	return n
}
