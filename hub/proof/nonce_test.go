package proof_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/proof"
	"github.com/isthmus-hub/isthmus/hub/seal"
	"github.com/isthmus-hub/isthmus/hub/token"
)

func TestNonces(t *testing.T) {
	key := seal.Generate()
	n := proof.NewNonces(key.Derive("pool/eu/dpop"), time.Minute)
	start := now.Truncate(time.Minute)
	nonce := n.New(start)
	for d, want := range map[time.Duration]bool{
		-time.Minute - 1: false, -time.Minute: true, 0: true, time.Minute: true, 2*time.Minute - 1: true, 2 * time.Minute: false, time.Hour: false,
	} {
		if got := n.Valid(nonce, start.Add(d)); got != want {
			t.Errorf("%s later: %v, want %v", d, got, want)
		}
	}
	if again := n.New(start.Add(time.Minute - 1)); again != nonce {
		t.Errorf("two nonces in a slot: %q and %q", nonce, again)
	}
	if next := n.New(start.Add(time.Minute)); next == nonce {
		t.Error("the same nonce in two slots")
	}
	if strings.Trim(nonce, "-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
		t.Errorf("%q can not stand in a header", nonce)
	}
	if other := proof.NewNonces(key.Derive("pool/us/dpop"), time.Minute); other.Valid(nonce, start) {
		t.Error("another pool takes it")
	}
	newer := must(seal.Parse(seal.Generate().Text() + "\n" + key.Text()))
	rotated := proof.NewNonces(newer.Derive("pool/eu/dpop"), time.Minute)
	if !rotated.Valid(nonce, start) || rotated.New(start) == nonce {
		t.Error("after the sealing key was rotated")
	}
	for i := range nonce {
		for _, c := range "A_-=. \n" {
			if changed := nonce[:i] + string(c) + nonce[i+1:]; changed != nonce && n.Valid(changed, start) {
				t.Errorf("%q is taken for %q", changed, nonce)
			}
		}
	}
	for _, forged := range []string{"", nonce[:53], nonce + "A", base64.RawURLEncoding.EncodeToString(make([]byte, 40))} {
		if n.Valid(forged, start) || n.Valid(forged, time.Unix(0, 0)) {
			t.Errorf("%q is taken", forged)
		}
	}
}

func TestNoncesDefaultSlot(t *testing.T) {
	n := proof.NewNonces(seal.Generate().Derive("dpop"), 0)
	nonce := n.New(now)
	if !n.Valid(nonce, now.Add(proof.NonceSlot)) || n.Valid(nonce, now.Add(2*proof.NonceSlot)) {
		t.Error("a nonce does not live for one to two slots")
	}
	if n := proof.NewNonces(seal.Generate().Derive("dpop"), 1); !n.Valid(n.New(now), now.Add(900*time.Millisecond)) {
		t.Error("a slot can be shorter than a second")
	}
}

func TestDPoPNonce(t *testing.T) {
	n := proof.NewNonces(seal.Generate().Derive("dpop"), time.Minute)
	fresh, old := n.New(now), n.New(now.Add(-time.Hour))
	for name, c := range map[string]struct {
		nonce  any
		looked bool
		demand bool
		want   oauth.Code // "": taken
	}{
		"not looked at":        {nonce: "x"},
		"none, none demanded":  {looked: true},
		"none where demanded":  {looked: true, demand: true, want: oauth.UseDPoPNonce},
		"fresh":                {nonce: fresh, looked: true},
		"fresh where demanded": {nonce: fresh, looked: true, demand: true},
		"old":                  {nonce: old, looked: true, want: oauth.UseDPoPNonce},
		"old where demanded":   {nonce: old, looked: true, demand: true, want: oauth.UseDPoPNonce},
		"foreign":              {nonce: "x", looked: true, demand: true, want: oauth.UseDPoPNonce},
		"number":               {nonce: 1, looked: true, want: oauth.UseDPoPNonce},
		"null":                 {nonce: null, looked: true, want: oauth.UseDPoPNonce},
		"demanded of nobody":   {nonce: fresh, demand: true, want: oauth.ServerError},
	} {
		r := dpopRequest()
		if r.DemandNonce = c.demand; c.looked {
			r.Nonces = n
		}
		p, err := proof.DPoP([]string{dpopJWT(client(token.ES256), nil, object{"nonce": c.nonce})}, r)
		switch {
		case c.want != "":
			if oauth.AsError(err).Code != c.want || p != nil {
				t.Errorf("%s: %v, %v, want %s", name, p, err, c.want)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case c.looked && c.nonce != nil && p.Nonce != fresh, !c.looked && p.Nonce != "":
			t.Errorf("%s: nonce %q", name, p.Nonce)
		}
	}
	// What is wrong otherwise is not to be mended by a nonce.
	r := dpopRequest()
	r.Nonces, r.DemandNonce = n, true
	_, err := proof.DPoP([]string{dpopJWT(client(token.ES256), nil, object{"htm": "PUT"})}, r)
	wantCode(t, err, oauth.InvalidDPoPProof)
}
