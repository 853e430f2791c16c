package page

// mark is a small drawing on a button, in a square of 20 units. They are our own
// and plain on purpose: enough to find a button by, in the colour of its text.
type mark struct {
	path string
	line bool // drawn as a line, not filled
}

var marks = map[string]mark{
	"corporate": {"M3.8 17V4.6c0-.7.5-1.2 1.2-1.2h5.8c.7 0 1.2.5 1.2 1.2V17M12 8.4h3c.7 0 1.2.5 1.2 1.2V17M2.4 17h15.2M6.7 6.8h2.4M6.7 10h2.4M6.7 13.2h2.4", true},
	"google":    {"M17.3 8.6H10v3.1h4.1A4.4 4.4 0 1 1 13 6.8l2.3-2.2a7.5 7.5 0 1 0 2.1 5.3c0-.5 0-.9-.1-1.3z", false},
	"apple":     {"M10 6.4c-1-.9-2.3-1.2-3.5-.8-2.3.7-3.2 3.2-2.6 5.8.6 2.9 2.4 5.6 4.2 5.6.8 0 1.1-.5 1.9-.5s1.1.5 1.9.5c1.3 0 2.6-1.4 3.4-3.2a3.3 3.3 0 0 1-.5-6.1c-.8-1.3-2-2-3.3-1.9-.6 0-1.1.2-1.5.6zM10 5.2c-.1-1.7 1-3.2 2.7-3.6.2 1.8-1 3.5-2.7 3.6z", false},
	"microsoft": {"M3 3h6.5v6.5H3zM10.5 3H17v6.5h-6.5zM3 10.5h6.5V17H3zM10.5 10.5H17V17h-6.5z", false},
	"facebook":  {"M8.6 17.6v-6.4H6.4V8.6h2.2V6.7c0-2.4 1.3-3.7 3.4-3.7h1.8v2.5h-1.3c-.8 0-1.2.4-1.2 1.2v1.9h2.5l-.4 2.6h-2.1v6.4z", false},
	"amazon":    {"M7 5.6c1.8-1.6 5.4-1.4 5.4 1.4v5.2M12.4 8c-3.6 0-6 .5-6 2.4 0 2.5 4.8 2.3 6-.3M3 14.6c4.3 3 9.8 3 14 0", true},
	"github":    {"M6 6.6v6.8M14 6.6c0 3.4-8 2.2-8 6.8M7.8 4.8a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0zM15.8 4.8a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0zM7.8 15.2a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0z", true},
}
