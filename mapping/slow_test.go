//go:build race

package mapping

// slowdown is what the race detector costs.
const slowdown = 20
