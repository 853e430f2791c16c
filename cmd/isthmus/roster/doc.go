// Package roster reads files of people in the form of Cognito's user import: CSV
// (RFC 4180) in UTF-8, a header of attribute names, a row a person. It also writes
// the report of an import, in a form that a spreadsheet shows and does not run.
//
// It holds one row at a time and bounds it, whatever the file. A row that cannot
// be meant is a *RowError and the next one follows; where it is no longer sure
// which bytes are a row, as after a stray quote, it ends with a *FileError: what
// follows could be the middle of somebody's address.
//
// It knows nothing of what values mean: the pool judges them.
package roster
