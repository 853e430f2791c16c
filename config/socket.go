package config

import "reflect"

// Socket returns where the administration socket of this file's hub is, whatever else may be wrong with the file: a hub
// goes on with the file it has read, and must be reachable when that was changed for the worse, or from a shell that
// lacks the secrets it refers to. The error is a Problems when the file cannot be read, or not as YAML.
func Socket(path string, env Environment) (string, error) {
	env = env.orOS()
	data, err := env.ReadFile(path)
	if err != nil {
		return "", Problems{unreadable(path, err)}
	}
	r := newReader(path, data, env)
	root := r.parse()
	if root == nil {
		return "", r.finish(r.findings)
	}
	c := &Config{}
	v := reflect.ValueOf(c).Elem()
	setDefaults(v)
	r.decode(v, root, "", field{})
	c.complete(r)
	return c.Admin.Socket, nil
}
