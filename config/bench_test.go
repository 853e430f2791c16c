package config

import "testing"

func BenchmarkParseExample(b *testing.B) {
	env := exampleMachine()
	b.SetBytes(int64(len(Example)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("isthmus.yaml", []byte(Example), env); err != nil {
			b.Fatal(err)
		}
	}
}
