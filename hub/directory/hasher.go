package directory

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ErrOverloaded says that more passwords wait to be checked than the hub will
// queue; the caller answers 503 with Retry-After.
var ErrOverloaded = errors.New("too many passwords are being checked")

// Cost is what one argon2id hash costs (OWASP Password Storage: 19 MiB, 2 passes).
type Cost struct {
	Memory uint32 // KiB
	Time   uint32
}

// DefaultCost is the least this hub hashes a password with.
var DefaultCost = Cost{Memory: 19 * 1024, Time: 2}

// Hasher hashes passwords in a lane of bounded width, so that sign-ins by
// password can never take the machine from everything else.
type Hasher struct {
	cost  Cost
	lane  lane
	decoy string // what an absent account's password is compared with
}

// NewHasher makes a hasher that works on twice the machine's cores at once and
// lets 64 more wait.
func NewHasher(cost Cost) *Hasher {
	width := 2 * runtime.GOMAXPROCS(0)
	h := &Hasher{cost: cost, lane: newLane(width, 64)}
	h.decoy = encode(cost, make([]byte, 16), make([]byte, 32))
	return h
}

// Hash returns the password's hash in PHC form, with a fresh salt.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.lane.enter(ctx); err != nil {
		return "", err
	}
	defer h.lane.leave()
	salt := make([]byte, 16)
	rand.Read(salt)
	return encode(h.cost, salt, argon2.IDKey([]byte(password), salt, h.cost.Time, h.cost.Memory, 1, 32)), nil
}

// Verify tells whether password matches a hash made by Hash. An empty hash
// takes as long as a real one and never matches. Weak reports a match against a
// hash that costs less than today's and should be made anew.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (ok, weak bool, err error) {
	known := hash != ""
	if !known {
		hash = h.decoy
	}
	cost, salt, want, err := decode(hash)
	if err != nil {
		return false, false, err
	}
	if err := h.lane.enter(ctx); err != nil {
		return false, false, err
	}
	defer h.lane.leave()
	got := argon2.IDKey([]byte(password), salt, cost.Time, cost.Memory, 1, uint32(len(want)))
	ok = subtle.ConstantTimeCompare(got, want) == 1 && known
	return ok, ok && (cost.Memory < h.cost.Memory || cost.Time < h.cost.Time), nil
}

// CheckHash refuses what Verify cannot use: a hash that was not made here.
func CheckHash(hash string) error {
	_, _, _, err := decode(hash)
	return err
}

func encode(c Cost, salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, c.Memory, c.Time, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

func decode(hash string) (c Cost, salt, sum []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return c, nil, nil, errors.New("password hash is not argon2id in PHC form")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &c.Memory, &c.Time); err != nil {
		return c, nil, nil, fmt.Errorf("password hash parameters: %w", err)
	}
	if c.Memory > 1<<20 || c.Time > 16 || c.Time == 0 {
		return c, nil, nil, errors.New("password hash parameters are out of bounds")
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, fmt.Errorf("password hash salt: %w", err)
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) == 0 {
		return c, nil, nil, errors.New("password hash sum is not base64")
	}
	return c, salt, sum, nil
}
