//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package bolt

import (
	"os"
	"time"
)

// lock leaves it to bbolt, which takes its own right after the file was examined.
func lock(*os.File, time.Duration) error { return nil }

// syncDir does nothing where a directory cannot be synced.
func syncDir(string) error { return nil }
