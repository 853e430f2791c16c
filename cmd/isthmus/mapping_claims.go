package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// maxClaimsFile bounds a file of claims, in bytes; the API takes no more.
const maxClaimsFile = 1 << 20

// readClaims reads one JSON object, a list of them, or one in each line.
func readClaims(in io.Reader, name string) ([]json.RawMessage, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, &statusError{exitUsage, err}
		}
		defer f.Close()
		in = f
	}
	wrong := func(format string, args ...any) ([]json.RawMessage, error) {
		return nil, &statusError{exitUsage, fmt.Errorf(format, args...)}
	}
	text, err := io.ReadAll(io.LimitReader(in, maxClaimsFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxClaimsFile:
		return wrong("%s: more than 1 MiB of claims; try fewer people at once", name)
	}
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		decoder := json.NewDecoder(bytes.NewReader(text))
		for list = nil; ; {
			var one json.RawMessage
			err := decoder.Decode(&one)
			if err == io.EOF {
				break
			}
			if err != nil {
				return wrong("%s: after %s: %v", name, count(len(list), "object"), err)
			}
			list = append(list, one)
		}
	}
	for i, one := range list {
		if text := bytes.TrimSpace(one); len(text) == 0 || text[0] != '{' {
			return wrong("%s: number %d is no JSON object of claims", name, i+1)
		}
	}
	if len(list) == 0 {
		return wrong("%s: there are no claims in it", name)
	}
	return list, nil
}
