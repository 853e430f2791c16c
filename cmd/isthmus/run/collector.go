package run

import (
	"os"
	"runtime/debug"
)

// PaceCollector has the garbage collector run half as often as Go would have it,
// for processes that are a hub and nothing else; GOGC, when it is set, wins. A hub
// keeps a few MiB alive and allocates for each sign-in, so it would collect dozens
// of times a second under load: a tenth of its work for some MiB less.
func PaceCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}
