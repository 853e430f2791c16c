package bolt

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"

	"go.etcd.io/bbolt"
)

// Backup writes a copy of the database to w, as of one moment, while reads and writes go on. The copy is
// a database file. It holds what the file holds, so it must be kept as safe.
//
// The file cannot reuse space while a copy is being made: w should be a file rather than a slow network.
// An error, of w or of ctx, leaves w incomplete.
func (e *Engine) Backup(ctx context.Context, w io.Writer) error {
	err := e.view(func(btx *bbolt.Tx) error {
		_, err := btx.WriteTo(&copier{ctx: ctx, w: w})
		return cmp.Or(ctx.Err(), err)
	})
	if err != nil {
		return fmt.Errorf("backup of %s: %w", e.path, err)
	}
	return nil
}

// Check examines the whole database as Open does, as of one moment, while reads and writes go on. It
// gives ErrDamaged if anything is not what was written.
func (e *Engine) Check(ctx context.Context) error {
	err := e.view(func(btx *bbolt.Tx) error {
		// The headers in the file have moved on; the one of this moment is the first thing a copy has.
		var first firstPage
		if _, err := btx.WriteTo(&first); first.page == nil {
			return err
		}
		h, err := parseHeader(first.page)
		if err != nil {
			return err
		}
		return examine(ctx, e.file, h)
	})
	if err != nil {
		return fmt.Errorf("check of %s: %w", e.path, err)
	}
	return nil
}

// copier passes writes on until its context ends.
type copier struct {
	ctx context.Context
	w   io.Writer
}

func (c *copier) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}

// firstPage keeps the first page of a copy and wants no more.
type firstPage struct{ page []byte }

func (f *firstPage) Write(p []byte) (int, error) {
	if f.page == nil {
		f.page = bytes.Clone(p)
	}
	return 0, io.ErrShortWrite
}
