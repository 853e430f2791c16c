// Package strictjson decodes JSON that came from outside: claims, token answers, discovery documents, key sets.
//
// The standard decoder is made to be kind. It takes the last of two members with one name, matches struct fields
// without regard to case, mends broken UTF-8 and lone surrogates, and a Decoder leaves what follows the value unread.
// Each of these lets two parsers read two meanings from one signed text (RFC 8725 §2.6, RFC 8259 §4). This package
// refuses all such texts, so what it accepts means the same to every parser:
//
//   - one value and nothing after it but white space, valid UTF-8 throughout, no byte order mark;
//   - no member name twice in one object, at any depth, compared after unescaping;
//   - struct fields match by exact name; a member that differs from a field only in case is refused;
//   - at most MaxDepth levels of arrays and objects, and MaxValues values;
//   - numbers keep their text as json.Number and must fit a float64; no lone surrogates.
//
// It depends on the standard library only and knows nothing of OAuth. Callers limit the size of what they pass in:
// the work and the memory are linear in it.
package strictjson
