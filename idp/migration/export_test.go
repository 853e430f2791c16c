package migration

// HookPerson reads a hook's answer.
func HookPerson(answer []byte) (*Person, error) {
	return (&hook{caller: caller{name: "the hook"}}).person(answer)
}
