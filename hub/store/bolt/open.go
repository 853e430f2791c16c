package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
)

// The file holds one bucket; its name tells our files from those of other programs.
var bucketName = []byte("isthmus")

// Why a file is refused; match with errors.Is.
var (
	// ErrHeld says that another process, or another Engine of this one, has the file open.
	ErrHeld = errors.New("held by another process")
	// ErrForeign says that the file is not ours.
	ErrForeign = errors.New("not an Isthmus database")
	// ErrDamaged says that the file is ours and its content is not what was written. Reads give it too.
	ErrDamaged = errors.New("damaged")
)

// OpenError says why a file cannot be opened and what to do about it. The file was not changed.
type OpenError struct {
	Path  string
	Cause error
	Mend  string // a sentence for the operator
}

// Error names path, cause and mend.
func (e *OpenError) Error() string { return fmt.Sprintf("open %s: %v: %s", e.Path, e.Cause, e.Mend) }

// Unwrap returns the cause.
func (e *OpenError) Unwrap() error { return e.Cause }

// Options are choices at Open; the zero value is right for service.
type Options struct {
	// NoSync leaves it to the system when writes reach the disk: for tests, as a crash then loses data.
	NoSync bool
	// Timeout is how long to wait for another process to let go of the file, 3 s if zero.
	Timeout time.Duration
}

// Open opens the database at path and makes it, with mode 0600, if there is none. A file is examined as a
// whole first, which takes about as long as reading it; all that is wrong with it gives an *OpenError.
// What is there is never replaced by an empty database.
func Open(path string, o Options) (*Engine, error) {
	file, err := openFile(path, o)
	if err != nil {
		return nil, err
	}
	db, err := openDB(file, o)
	if err != nil {
		_ = file.Close() // the error before tells more
		return nil, explain(path, err)
	}
	e := &Engine{
		path:    path,
		file:    file,
		db:      db,
		queue:   make(chan *call, maxQueue),
		quit:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	go e.commitAll()
	return e, nil
}

// openFile returns the file locked and found sound.
func openFile(path string, o Options) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path, o); err != nil {
			return nil, explain(path, err)
		}
		file, err = os.OpenFile(path, os.O_RDWR, 0)
	}
	if err != nil {
		return nil, explain(path, err)
	}
	timeout := o.Timeout
	if timeout == 0 {
		timeout = 3 * time.Second
	}
	info, err := file.Stat()
	if err == nil {
		err = suitable(info)
	}
	if err == nil {
		err = lock(file, timeout)
	}
	if err == nil {
		err = examineFile(file)
	}
	if err != nil {
		_ = file.Close() // the error before tells more
		return nil, explain(path, err)
	}
	return file, nil
}

// openDB hands a file to bbolt.
func openDB(file *os.File, o Options) (*bbolt.DB, error) {
	return bbolt.Open(file.Name(), 0o600, &bbolt.Options{
		OpenFile:   func(string, int, os.FileMode) (*os.File, error) { return file, nil },
		Timeout:    time.Second, // not needed: the lock is ours already
		NoSync:     o.NoSync,
		NoGrowSync: o.NoSync,
		// The list of free pages would be written with each commit, and grows with the file.
		NoFreelistSync: true,
		FreelistType:   bbolt.FreelistMapType,
		NoStatistics:   true,
		// Only addresses. When a file outgrows its mapping, bbolt waits for all readers, and new ones
		// wait with it; a backup would then stop the service.
		InitialMmapSize: 1 << 30,
	})
}

// create makes an empty database at path. It comes into being complete or not at all: a crash leaves at
// most a file with another name, and a process that is quicker is not disturbed.
func create(path string, o Options) error {
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, "."+filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	db, err := openDB(file, o)
	if err != nil {
		_ = file.Close() // the error before tells more
		return err
	}
	err = db.Update(func(btx *bbolt.Tx) error {
		_, err := btx.CreateBucket(bucketName)
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if o.NoSync {
		return nil
	}
	return syncDir(dir)
}

// suitable refuses what cannot be a database of ours.
func suitable(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return errDirectory
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: it is a %s", ErrForeign, info.Mode().Type())
	case info.Mode().Perm()&0o007 != 0:
		return errWorld
	case info.Size() == 0:
		return fmt.Errorf("%w: the file is empty", ErrDamaged)
	}
	return nil
}

var (
	errDirectory = errors.New("it is a directory")
	errWorld     = errors.New("everybody on this machine may access it")
)

// explain adds what to do.
func explain(path string, err error) error {
	mend := "see what the system says about this file and its disk"
	switch {
	case errors.Is(err, ErrHeld):
		mend = "stop the other process, or give this one a file of its own"
	case errors.Is(err, ErrDamaged):
		mend = "restore a backup, and keep the damaged file for examination; nothing was changed"
	case errors.Is(err, ErrForeign):
		mend = "set the path to the hub's own file, or to one that does not exist yet"
	case errors.Is(err, errDirectory), errors.Is(err, syscall.EISDIR):
		mend = "set the path to a file in it"
	case errors.Is(err, errWorld):
		mend = "take these rights away: chmod 600 " + path
	case errors.Is(err, fs.ErrNotExist):
		mend = "make the directory first: mkdir -p -m 700 " + filepath.Dir(path)
	case errors.Is(err, fs.ErrPermission):
		mend = "make file and directory belong to the user that runs the hub"
	case errors.Is(err, syscall.EROFS):
		mend = "mount the file system for writing, or set another path"
	case full(err):
		mend = "free some space on this disk"
	}
	return &OpenError{Path: path, Cause: err, Mend: mend}
}
