package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A stored value begins with a checksum of key and value. The sum of all these checksums stands in the
// header of the bucket, as its sequence, and changes with every commit: an entry that is missing, or
// old, or there without having been written, does not fit it.
const sumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// seal returns what is stored for value at key. It is a copy.
func seal(key, value []byte) []byte {
	stored := make([]byte, sumSize+len(value))
	binary.BigEndian.PutUint32(stored, sum(key, value))
	copy(stored[sumSize:], value)
	return stored
}

// unseal returns a copy of the value in what was stored at key, or ErrDamaged.
func unseal(key, stored []byte) ([]byte, error) {
	if err := check(key, stored); err != nil {
		return nil, err
	}
	return append([]byte{}, stored[sumSize:]...), nil
}

// weight returns what an entry adds to the sum of all: the checksum it begins with, 0 if there is none.
func weight(stored []byte) uint64 {
	if len(stored) < sumSize {
		return 0
	}
	return uint64(binary.BigEndian.Uint32(stored))
}

// check gives ErrDamaged if key and value are not what was stored.
func check(key, stored []byte) error {
	if len(stored) < sumSize || binary.BigEndian.Uint32(stored) != sum(key, stored[sumSize:]) {
		return fmt.Errorf("%w: the checksum of an entry does not match", ErrDamaged)
	}
	return nil
}
