package signin

import (
	"github.com/isthmus-hub/isthmus/hub"
	"github.com/isthmus-hub/isthmus/hub/store"
)

// claimSet is what a provider said of an arrival, and how that ended.
func (t *attempt) claimSet(a arrival, reason Reason) hub.ClaimSet {
	return hub.ClaimSet{
		Time: t.p.Now(), Issuer: a.identity.Link.Issuer, Subject: a.identity.Link.Subject, Client: t.client.ID, Reason: string(reason),
		Claims: a.claims,
	}
}

// keepSample writes a claim set beside whatever else a transaction writes.
func keepSample(tx *store.Tx, sample *hub.Sample) error {
	if sample == nil {
		return nil
	}
	return hub.SampleSlots.Put(tx, sample)
}
