package config

// Branding is the look of a pool's pages. Every field may be empty: the built-in look then applies.
type Branding struct {
	// Accent and AccentDark are colours as #rrggbb, for the light and the dark scheme.
	Accent     string `yaml:"accent"`
	AccentDark string `yaml:"accent_dark"`
	// Logo and LogoDark are paths of SVG or PNG files.
	Logo     string `yaml:"logo"`
	LogoDark string `yaml:"logo_dark"`
	// Radius is the corner radius in CSS pixels, 0 to 32; nil means the built-in one.
	Radius *int `yaml:"radius" min:"0" max:"32"`
	// Background is a colour as #rrggbb behind the card.
	Background string `yaml:"background"`
	// Links are shown under the card.
	Links Links `yaml:"links"`
	// Folder holds templates and texts that replace the built-in ones; isthmus branding export writes those to start from.
	Folder string `yaml:"folder"`
}

// Links are absolute addresses of pages the pool's owner must or wants to show.
type Links struct {
	Terms   string `yaml:"terms"`
	Privacy string `yaml:"privacy"`
	Help    string `yaml:"help"`
}

// ClientBranding overrides the pool's branding on the way to one client; an empty field overrides nothing.
type ClientBranding struct {
	Title      string `yaml:"title"`
	Logo       string `yaml:"logo"`
	LogoDark   string `yaml:"logo_dark"`
	Accent     string `yaml:"accent"`
	AccentDark string `yaml:"accent_dark"`
}
