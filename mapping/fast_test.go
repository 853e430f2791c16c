//go:build !race

package mapping

const slowdown = 1
