package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// Key is an expression that gives a text of a person's attributes, by which two people can be compared. It does not
// change and may be used by many goroutines.
type Key struct{ expr *expression }

// CompileKey checks and plans an expression over user, as in [ClaimRule].Expr. Names are not held against a schema, as
// the people may be of another pool.
func CompileKey(source string) (*Key, error) {
	l, err := claimLanguage()
	if err != nil {
		return nil, err
	}
	expr, err := l.compile(source, claimResultProblem)
	if err != nil {
		return nil, err
	}
	return &Key{expr}, nil
}

// Of is the key of a person, with sub and username among the attributes; empty if the expression finds nothing. Only a
// text, a number or a boolean is a key.
func (k *Key) Of(attributes Attributes) (string, error) {
	value, err := k.expr.evalClaim(attributes, nil, "", nil)
	if errors.Is(err, errAbsent) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	switch value := value.(type) {
	case nil:
		return "", nil
	case string:
		return value, nil
	case bool:
		return strconv.FormatBool(value), nil
	case float64, json.Number:
		return decimal(value)
	}
	return "", errors.New("gives a list or a map; a key is one text")
}

// Reads tells whether the expression may read an attribute.
func (k *Key) Reads(name string) bool { return k.expr.all || slices.Contains(k.expr.reads, name) }

// String says nothing of what is compared.
func (k *Key) String() string { return fmt.Sprintf("key of %d attributes", len(k.expr.reads)) }
