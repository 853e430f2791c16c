package config

import _ "embed"

// Example is a commented file that links two pools and shows every key. It loads without a warning once the variables
// it names are set.
//
//go:embed example.yaml
var Example string
