package main

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/isthmus-hub/isthmus/cmd/isthmus/roster"
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/directory"
	"github.com/isthmus-hub/isthmus/web/admin"
)

// Bounds of an import.
const (
	maxBatch  = 1<<20 - 4<<10 // bytes of one request, below what the API takes
	slowBatch = 100           // people, where each password takes its time
	maxSeen   = 1 << 20       // names that are remembered, to tell that one comes twice
	maxListed = 20            // refused rows in the summary
)

// importing is one file on its way into a pool.
type importing struct {
	v       *userImport
	client  *admin.Client
	pool    string
	rows    *roster.Reader
	started time.Time
	bar     *importProgress
	sum     importSum

	seed maphash.Seed
	seen map[uint64]int // hash of the folded name to the line

	report, passwords         *roster.Writer // nil: not wanted
	reportFile, passwordsFile *os.File

	batch   []*roster.Row // waiting to be sent
	refused []*roster.RowError
	size    int
}

// open makes the files that were asked for.
func (x *importing) open(input os.FileInfo) (err error) {
	x.seed = maphash.MakeSeed()
	for _, path := range []string{x.v.report, x.v.passwords} {
		if info, err := os.Stat(path); path != "" && err == nil && os.SameFile(info, input) {
			return &statusError{exitUsage, fmt.Errorf("%s is the file of people itself; it would be written over", path)}
		}
	}
	if x.v.report != "" && x.v.report == x.v.passwords {
		return &statusError{exitUsage, errors.New("the report and the passwords are two files")}
	}
	if path := x.v.report; path != "" {
		if x.reportFile, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
			return &statusError{exitUsage, err}
		}
		if x.report, err = roster.NewWriter(x.reportFile, "line", "cognito:username", "outcome", "reason"); err != nil {
			return err
		}
	}
	if path := x.v.passwords; path != "" && !x.v.dry {
		if x.passwordsFile, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
			return &statusError{exitUsage, err}
		}
		info, err := x.passwordsFile.Stat()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 && info.Mode().IsRegular() {
			return &statusError{exitUsage, fmt.Errorf("%s is there already, and not yours alone: chmod 600 %s", path, path)}
		}
		if info.Size() > 0 {
			x.passwords = roster.Append(x.passwordsFile)
		} else if x.passwords, err = roster.NewWriter(x.passwordsFile, "cognito:username", "temporary_password"); err != nil {
			return err
		}
	}
	return nil
}

func (x *importing) close() error {
	var errs []error
	for _, f := range []struct {
		csv  *roster.Writer
		file *os.File
	}{{x.report, x.reportFile}, {x.passwords, x.passwordsFile}} {
		if f.csv != nil {
			errs = append(errs, f.csv.Flush())
		}
		if f.file != nil {
			errs = append(errs, f.file.Close())
		}
	}
	return errors.Join(errs...)
}

// all sends every row that can be read, batch by batch.
func (x *importing) all(ctx context.Context) error {
	most := directory.MaxImport
	if x.passwords != nil {
		most = slowBatch
	}
	for {
		row, err := x.rows.Next()
		wrong, _ := errors.AsType[*roster.RowError](err)
		if err == nil {
			if first := x.twice(row); first > 0 {
				wrong = &roster.RowError{Line: row.Line, Username: shortened(row.Username), Reason: fmt.Sprintf("line %d has this name already", first)}
			}
		}
		if wrong != nil {
			if x.refused = append(x.refused, wrong); len(x.refused) >= most {
				if err := x.send(ctx); err != nil {
					return err
				}
			}
			continue
		}
		if err != nil { // the end, or no way on; what was read is taken
			if sent := x.send(ctx); sent != nil || err == io.EOF {
				return sent
			}
			return err
		}
		if x.size+row.Size() > maxBatch || len(x.batch) >= most {
			if err := x.send(ctx); err != nil {
				return err
			}
		}
		x.batch, x.size = append(x.batch, row), x.size+row.Size()
	}
}

// twice returns the line that has the same name, in whatever letters; 0: none.
func (x *importing) twice(row *roster.Row) int {
	key := maphash.String(x.seed, hub.FoldName(row.Username))
	if line := x.seen[key]; line > 0 {
		return line
	}
	if len(x.seen) < maxSeen {
		x.seen[key] = row.Line
	}
	return 0
}

// shortened is a user name for a report: no user has a longer one than fits.
func shortened(name string) string {
	const most = 256
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

// send takes the batch into the pool, and reports on it in the order of the file.
func (x *importing) send(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var answer admin.Imported
	if len(x.batch) > 0 {
		n := admin.Import{DryRun: x.v.dry, TrustVerified: x.v.trust, TemporaryPasswords: x.v.passwords != ""}
		for _, row := range x.batch {
			n.Users = append(n.Users, admin.ImportRow{Username: row.Username, Attributes: row.Attributes})
		}
		var err error
		if answer, err = x.client.Import(ctx, x.pool, n); err != nil {
			return err
		}
		if len(answer.Users) != len(x.batch) {
			return fmt.Errorf("the hub answered for %d rows of %d", len(answer.Users), len(x.batch))
		}
	}
	// Passwords first, and onto the disk: nobody can be asked for them again.
	if x.passwords != nil {
		for i, u := range answer.Users {
			if u.TemporaryPassword == "" {
				continue
			}
			if err := x.passwords.Row(x.batch[i].Username, u.TemporaryPassword); err != nil {
				return err
			}
		}
		if err := errors.Join(x.passwords.Flush(), x.passwordsFile.Sync()); err != nil {
			return err
		}
	}
	wrong := x.refused
	for i, u := range answer.Users {
		row := x.batch[i]
		for ; len(wrong) > 0 && wrong[0].Line < row.Line; wrong = wrong[1:] {
			x.told(wrong[0].Line, wrong[0].Username, string(directory.RowRefused), wrong[0].Reason, false)
		}
		x.told(row.Line, shortened(row.Username), u.Outcome, u.Reason, row.MFA)
	}
	for _, w := range wrong {
		x.told(w.Line, w.Username, string(directory.RowRefused), w.Reason, false)
	}
	x.batch, x.refused, x.size = x.batch[:0], x.refused[:0], 0
	x.bar.show(x.sum.Rows, x.rows.Offset())
	if x.report != nil {
		return x.report.Flush()
	}
	return nil
}

// told counts and reports a row.
func (x *importing) told(line int, username, outcome, reason string, mfa bool) {
	x.sum.Rows++
	switch directory.Outcome(outcome) {
	case directory.RowCreated:
		x.sum.Created++
	case directory.RowSkipped:
		x.sum.Skipped++
	case directory.RowGiven:
		x.sum.Given++
	default:
		if x.sum.Refused++; len(x.sum.Refusals) < maxListed {
			x.sum.Refusals = append(x.sum.Refusals, importRefusal{line, username, reason})
		}
	}
	if mfa && outcome == string(directory.RowCreated) {
		x.sum.MFA++
		reason = "cognito:mfa_enabled is not taken over"
	}
	if x.report != nil {
		_ = x.report.Row(strconv.Itoa(line), username, outcome, reason) // Flush tells
	}
}
