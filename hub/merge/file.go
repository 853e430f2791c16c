package merge

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// The kinds of source.
const (
	FromPool   = "pool"
	FromExport = "export"
	FromJSON   = "cognito-json"
	FromCSV    = "cognito-csv"
)

var poolName = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$`)

// OpenFile reads people from a file: one of ours (see Export), what Cognito's
// ListUsers answers, one answer after another, or CSV with the header of Cognito's
// import. Which it is, its content says. name is what the pool is to be called,
// by default what an export of ours says or the file's name.
//
// The file is read each time that People is; it must not change meanwhile, and
// its digest is made here.
func OpenFile(path, name string) (*Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(f, sum), 64<<10)
	head, err := in.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	s := &Source{Origin: Origin{File: path, Name: name}}
	var read func(io.Reader, string, func(*Person, error) bool)
	switch head = bytes.TrimPrefix(head, bom); {
	case bytes.HasPrefix(head, []byte(`{"isthmus":`)):
		s.Kind, read = FromExport, readExport
		h, err := parseExportHead(firstLine(head))
		if err != nil {
			return nil, &RecordError{path, 1, err}
		}
		s.Issuer, s.Passwords = h.Issuer, h.Passwords
		if s.Name == "" {
			s.Name = h.Pool
		}
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")):
		s.Kind, read = FromJSON, readJSON
	case bytes.Contains(firstLine(head), []byte("cognito:username")):
		s.Kind, read = FromCSV, readCSV
	default:
		return nil, fmt.Errorf("%s holds no people that can be read: it is to be an export of isthmus user export, the JSON of aws cognito-idp list-users, or CSV whose first line is the header of Cognito's import, with cognito:username", path)
	}
	if s.Name == "" {
		s.Name = strings.ToLower(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	}
	if !poolName.MatchString(s.Name) {
		return nil, fmt.Errorf("%q cannot be the name of a pool: give the one that %s is to be known by, of small letters, digits and dashes, with --name", s.Name, path)
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return nil, err
	}
	s.SHA256 = hex.EncodeToString(sum.Sum(nil))
	s.People = func(yield func(*Person, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		read(f, path, func(p *Person, err error) bool { return yield(p, err) && err == nil })
	}
	return s, nil
}

var bom = []byte("\xef\xbb\xbf")

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return line
}
