package idp

import (
	"slices"
	"strings"

	"github.com/isthmus-hub/isthmus/idp/strictjson"
)

// tenantPart of a Config.Issuer stands for the tenant that a token names by tid, as in the metadata of Entra's
// endpoints for many tenants.
const tenantPart = "{tenantid}"

// issuerOfToken checks iss and returns it. Of many tenants, the token says by tid which one it is of, and the
// configuration whether that one is let in and what its issuer is then (A74).
func (p *Provider) issuerOfToken(c claimReader) (string, *checkError) {
	want := p.cfg.Issuer
	if len(p.cfg.Tenants) > 0 {
		tid, ok := c.all["tid"].(string)
		if !ok || !slices.Contains(p.cfg.Tenants, tid) {
			return "", refuse("tid", "tenant is %q, which is not among those let in", cut(c.text("tid")))
		}
		want = p.issuerOf(tid)
	}
	return want, c.issuer(want)
}

// narrow notes what a token says of itself that decides which keys may have signed it: one key set is for all tenants,
// and each key of it for those that its member issuer says. What is noted is believed when the signature is good.
func (p *Provider) narrow(token *jws) {
	if len(p.cfg.Tenants) == 0 {
		return
	}
	var claims map[string]any
	if strictjson.Decode(token.payload, &claims) == nil {
		token.tenant, _ = claims["tid"].(string)
		token.issuer, _ = claims["iss"].(string)
	}
}

// serves tells whether the key signs for the token's issuer, as far as that is said.
func (k *verificationKey) serves(h jwsHeader) bool {
	return k.issuer == "" || h.issuer == "" || strings.ReplaceAll(k.issuer, tenantPart, h.tenant) == h.issuer
}

func (p *Provider) issuerOf(tenant string) string {
	return strings.ReplaceAll(p.cfg.Issuer, tenantPart, tenant)
}

// Issues tells whether this is the provider's issuer, or that of a tenant let in.
func (p *Provider) Issues(issuer string) bool {
	if len(p.cfg.Tenants) == 0 {
		return issuer == p.cfg.Issuer
	}
	return slices.ContainsFunc(p.cfg.Tenants, func(tid string) bool { return issuer == p.issuerOf(tid) })
}
