package bolt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
)

// examiner walks the tree of a database and refuses what bbolt would not have written, entries whose
// checksum is wrong, and a tree whose entries are not the ones last committed. What it accepts, bbolt reads
// without a surprise; damage it does not see is in bytes that mean nothing.
type examiner struct {
	ctx  context.Context
	file io.ReaderAt
	header
	seen  []bool   // by page number
	spare [][]byte // pages to be used again
	total uint64   // of the checksums of all entries
}

// visit is called with an element of a page. Keys and values are good only during the call.
type visit func(key, value []byte, flags uint32) error

// examineFile refuses a file that is not ours, or not sound.
func examineFile(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	h, err := readHeaders(file, info.Size())
	if err != nil {
		return err
	}
	return examine(context.Background(), file, h)
}

// examine walks the tree below a header.
func examine(ctx context.Context, file io.ReaderAt, h header) error {
	x := &examiner{ctx: ctx, file: file, header: h, seen: make([]bool, h.pages)}
	found := false
	err := x.tree(h.root, nil, nil, func(key, value []byte, flags uint32) error {
		if flags != subBucket || !bytes.Equal(key, bucketName) {
			return fmt.Errorf("%w: it is another program's bbolt file, with %q in it", ErrForeign, key)
		}
		found = true
		return x.bucket(value)
	})
	if err == nil && !found {
		err = fmt.Errorf("%w: it is another program's bbolt file", ErrForeign)
	}
	if err == nil && h.freeList != noFreeList {
		err = x.free()
	}
	return err
}

// free refuses a list of free pages that names one in use. Our files have no such list, but a file has
// one after bbolt's own tool has compacted it.
func (x *examiner) free() error {
	page, err := x.page(x.freeList, freePage)
	if err != nil {
		return err
	}
	count, list := uint64(order.Uint16(page[10:])), page[headSize:]
	if count == 0xffff { // too many for the field: the number stands before the list
		count, list = order.Uint64(list), list[8:]
	}
	if count > uint64(len(list)/8) {
		return damaged("the list of free pages is not valid")
	}
	for i := range count {
		id := order.Uint64(list[i*8:])
		if id < 2 || id >= x.pages || x.seen[id] {
			return damaged("the list of free pages is not valid")
		}
		x.seen[id] = true
	}
	return nil
}

// bucket walks our bucket: a small one stands in its parent's page, any other has its own tree.
func (x *examiner) bucket(value []byte) error {
	if len(value) < headSize {
		return damaged("the bucket is cut")
	}
	root, total, inline := order.Uint64(value), order.Uint64(value[8:]), value[headSize:]
	var err error
	switch {
	case root != 0 && len(inline) == 0:
		err = x.tree(root, nil, nil, x.entry)
	case root == 0 && len(inline) >= headSize && order.Uint16(inline[8:]) == leafPage:
		var end int
		end, err = x.elements(0, inline, nil, nil, x.entry)
		if err == nil && end != len(inline) {
			err = damaged("the bucket is cut")
		}
	default:
		err = damaged("the bucket is not valid")
	}
	if err == nil && x.total != total {
		err = damaged("entries are missing, or older than the last commit")
	}
	return err
}

func (x *examiner) entry(key, stored []byte, flags uint32) error {
	if flags != 0 {
		return damaged("an entry is not valid")
	}
	x.total += weight(stored)
	return check(key, stored)
}

// tree walks the page with that number and everything below. Keys must be in order and within [low, high).
func (x *examiner) tree(id uint64, low, high []byte, leaf visit) error {
	page, err := x.page(id, branchPage|leafPage)
	if err != nil {
		return err
	}
	defer func() { x.spare = append(x.spare, page[:x.pageSize]) }()
	if order.Uint16(page[8:]) == leafPage {
		_, err := x.elements(id, page, low, high, leaf)
		return err
	}
	// What is below a key ends where the next key begins.
	var child uint64
	var from []byte
	_, err = x.elements(id, page, low, high, func(key, number []byte, _ uint32) error {
		if from != nil {
			if err := x.tree(child, from, key, leaf); err != nil {
				return err
			}
		}
		child, from = order.Uint64(number), key
		return nil
	})
	if err != nil {
		return err
	}
	return x.tree(child, from, high, leaf)
}

// page returns the page with that number, of one of these kinds. The number must be in the page itself
// too, and not have been seen before.
func (x *examiner) page(id uint64, kinds uint16) ([]byte, error) {
	if err := x.ctx.Err(); err != nil {
		return nil, err
	}
	if id < 2 || id >= x.pages {
		return nil, damaged("page %d is outside of the file", id)
	}
	page, err := x.read(id, 1)
	if err != nil {
		return nil, err
	}
	kind, count, more := order.Uint16(page[8:]), order.Uint16(page[10:]), uint64(order.Uint32(page[12:]))
	if order.Uint64(page) != id || kind&kinds == 0 || kind&(kind-1) != 0 || id+more >= x.pages {
		return nil, damaged("page %d is not valid", id)
	}
	if count == 0 && kind != freePage && id != x.root {
		return nil, damaged("page %d is empty", id)
	}
	for i := id; i <= id+more; i++ {
		if x.seen[i] {
			return nil, damaged("page %d is used twice", i)
		}
		x.seen[i] = true
	}
	if more == 0 {
		return page, nil
	}
	return x.read(id, more+1)
}

// read returns count pages from that number on.
func (x *examiner) read(id, count uint64) ([]byte, error) {
	var page []byte
	if n := len(x.spare); n > 0 && count == 1 {
		page, x.spare = x.spare[n-1], x.spare[:n-1]
	} else {
		page = make([]byte, int64(count)*x.pageSize)
	}
	if _, err := x.file.ReadAt(page, int64(id)*x.pageSize); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	return page, nil
}

// elements calls each for the elements of a page and returns where the last one ends. In a branch page
// the value is the number of the child's page.
func (x *examiner) elements(id uint64, page, low, high []byte, each visit) (end int, err error) {
	count := int(order.Uint16(page[10:]))
	branch := order.Uint16(page[8:]) == branchPage
	end = headSize + count*elemSize
	if end > len(page) {
		return 0, damaged("page %d is not valid", id)
	}
	last := low
	for i := range count {
		at := headSize + i*elemSize
		e := parseElement(page[at:], branch)
		if at+e.pos != end || e.keySize == 0 || end+e.keySize+e.valueSize > len(page) {
			return 0, damaged("page %d is not valid", id)
		}
		key, value := page[end:end+e.keySize], page[end+e.keySize:end+e.keySize+e.valueSize]
		if branch {
			value = page[at+8 : at+elemSize]
		}
		rises := bytes.Compare(last, key) < 0 || (i == 0 && bytes.Equal(last, key))
		if !rises || (high != nil && bytes.Compare(key, high) >= 0) {
			return 0, damaged("page %d is not in order", id)
		}
		if err := each(key, value, e.flags); err != nil {
			return 0, err
		}
		last, end = key, end+e.keySize+e.valueSize
	}
	return end, nil
}

// element says where the key and value of a page element are; pos counts from the element itself.
type element struct {
	flags                   uint32
	pos, keySize, valueSize int
}

func parseElement(b []byte, branch bool) element {
	field := func(i int) int { return int(order.Uint32(b[4*i:])) }
	if branch {
		return element{pos: field(0), keySize: field(1)}
	}
	return element{flags: order.Uint32(b), pos: field(1), keySize: field(2), valueSize: field(3)}
}
