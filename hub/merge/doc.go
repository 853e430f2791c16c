// Package merge brings the people of one pool into another: a plan that people
// read, its application, and the way back.
//
// It owns where people can come from (source.go and the three files of formats),
// the rules by which two records are one person (rules.go, match.go), the plan and
// its file (plan.go, write.go, read.go), what joining and adding do (join.go), and
// the steps that do it in a pool's store and undo it (apply.go, undo.go).
//
// It refuses to guess. A match rests on a rule, and on data that both sides have
// proven: an address counts when both pools hold its verified flag, another
// attribute when the operator vouches for it. All else is a conflict, which an
// operator decides in the plan's file or leaves; it is never done by itself
// (security row A100). An entry is carried out only if its two people still are
// what the plan says in all that the match and the way in rest on. Whoever signs
// in while a merge goes on is nobody's third user: the store lets an identity
// belong to one user, and one that was made by such a sign-in is taken up by the
// entry of the same identity (A101).
//
// The pool that people come from is only read. Planning needs no store: people are
// streamed in, kept in a file without a name, and in memory by their keys alone.
//
// Called by web/admin, which plans nothing and does steps, and by cmd/isthmus,
// which plans and hands the steps over.
package merge
