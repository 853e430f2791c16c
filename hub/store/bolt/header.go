package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// What bbolt's file format says: pages of equal size, numbers in the order of the machine, two header
// pages, then a tree of branch and leaf pages, found by page number. A page has a header of 16 bytes,
// then an element of 16 bytes for each key, then keys and values without gaps.
const (
	headSize   = 16
	elemSize   = 16
	metaSize   = 64
	branchPage = 1
	leafPage   = 2
	freePage   = 16
	subBucket  = 1 // flag of a leaf element
	noFreeList = 1<<64 - 1
	metaMagic  = 0xED0CDAED
	minPage    = 1024
	maxPage    = 1 << 24
	maxPages   = 1 << 38
)

var order = binary.NativeEndian

// header is a header page.
type header struct {
	pageSize int64
	root     uint64
	freeList uint64 // noFreeList, unless another tool wrote the file
	pages    uint64 // in use or free; the file may be longer
	txid     uint64
}

// readHeaders returns the newer of both header pages. Both must be valid, and consecutive, as commits
// write them in turn: bbolt would quietly go on with an older one, which forgets what came after it.
func readHeaders(file io.ReaderAt, size int64) (header, error) {
	page := make([]byte, headSize+metaSize)
	if _, err := file.ReadAt(page, 0); err == io.EOF {
		return header{}, fmt.Errorf("%w: %d bytes are too short for a database", ErrForeign, size)
	} else if err != nil {
		return header{}, err
	}
	if order.Uint32(page[headSize:]) != metaMagic {
		return header{}, foreignOrDamaged(file)
	}
	first, err := parseHeader(page)
	if err != nil {
		return header{}, err
	}
	if _, err := file.ReadAt(page, first.pageSize); err == io.EOF {
		return header{}, damaged("the file ends after %d bytes", size)
	} else if err != nil {
		return header{}, err
	}
	second, err := parseHeader(page)
	if err != nil {
		return header{}, err
	}
	newer, older := first, second
	if second.txid > first.txid {
		newer, older = second, first
	}
	if newer.pageSize != older.pageSize || newer.txid != older.txid+1 {
		return header{}, damaged("its header pages are not from consecutive commits")
	}
	if expected := int64(newer.pages) * newer.pageSize; size < expected {
		return header{}, damaged("the file ends after %d of %d bytes", size, expected)
	}
	return newer, nil
}

// foreignOrDamaged judges a file whose first page is not a header page, by looking for the second.
func foreignOrDamaged(file io.ReaderAt) error {
	var magic [4]byte
	for pageSize := int64(minPage); pageSize <= maxPage; pageSize *= 2 {
		if _, err := file.ReadAt(magic[:], pageSize+headSize); err == nil && order.Uint32(magic[:]) == metaMagic {
			return damaged("its first header page is not valid")
		}
	}
	return ErrForeign
}

func parseHeader(page []byte) (header, error) {
	meta := page[headSize:]
	sum := fnv.New64a()
	sum.Write(meta[:metaSize-8])
	if order.Uint32(meta) != metaMagic || order.Uint64(meta[56:]) != sum.Sum64() {
		return header{}, damaged("a header page is not valid")
	}
	if version := order.Uint32(meta[4:]); version != 2 {
		return header{}, fmt.Errorf("%w: bbolt's file format %d is unknown", ErrForeign, version)
	}
	h := header{
		pageSize: int64(order.Uint32(meta[8:])),
		root:     order.Uint64(meta[16:]),
		freeList: order.Uint64(meta[32:]),
		pages:    order.Uint64(meta[40:]),
		txid:     order.Uint64(meta[48:]),
	}
	if h.pageSize < minPage || h.pageSize > maxPage || h.pageSize&(h.pageSize-1) != 0 || h.pages > maxPages {
		return header{}, damaged("a header page is not valid")
	}
	return h, nil
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}
