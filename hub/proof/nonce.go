package proof

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/idp/signature"
)

// NonceSlot is the length of a slot unless NewNonces is told otherwise.
const NonceSlot = 3 * time.Minute

// Nonces makes the nonces that a client puts into its DPoP proofs, and knows them again (RFC 9449 §8). It keeps no state: a nonce is
// the number of a slot of time and a MAC over it, the same for everybody and on every node with the same sealing key. It proves that a
// proof was not made long before it was sent; that it is sent once, the jti proves.
type Nonces struct {
	sealer *seal.Sealer
	slot   time.Duration
}

// NewNonces returns Nonces under a Sealer of their own, one for each pool. A nonce is valid in the slot it was made in, in the one
// after, and, because nodes' clocks differ, in the one before: for one to two slots. 0 is NonceSlot; the least is a second.
func NewNonces(s *seal.Sealer, slot time.Duration) *Nonces {
	if slot <= 0 {
		slot = NonceSlot
	}
	return &Nonces{sealer: s, slot: max(slot, time.Second)}
}

// New returns the nonce of the slot that now is in. An answer to a valid proof should carry it as DPoP-Nonce when the proof had another
// (RFC 9449 §8.2), so that a client who keeps asking is never sent back.
func (n *Nonces) New(now time.Time) string {
	number := binary.BigEndian.AppendUint64(nil, uint64(n.number(now)))
	mac := n.sealer.MAC(number)
	return base64.RawURLEncoding.EncodeToString(append(number, mac[:]...))
}

// Valid reports whether nonce is one of ours and fresh. The comparison of the MAC takes constant time.
func (n *Nonces) Valid(nonce string, now time.Time) bool {
	plain, ok := signature.Decode(nonce)
	if !ok || len(plain) != 8+32 {
		return false
	}
	age := n.number(now) - int64(binary.BigEndian.Uint64(plain))
	return age >= -1 && age <= 1 && n.sealer.VerifyMAC(plain[:8], plain[8:])
}

func (n *Nonces) number(now time.Time) int64 { return now.UnixNano() / int64(n.slot) }
