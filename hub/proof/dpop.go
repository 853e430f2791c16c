package proof

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/isthmus-hub/isthmus/hub/oauth"
	"github.com/isthmus-hub/isthmus/hub/token"
)

// DPoPWindow is how far the iat of a DPoP proof may lie from now, either way, unless the request says otherwise.
const DPoPWindow = 60 * time.Second

// typeDPoP is the typ of a DPoP proof (RFC 9449 §4.2).
const typeDPoP = "dpop+jwt"

// DPoPRequest is the request that came with a DPoP proof, and what the proof is held against.
type DPoPRequest struct {
	Method string // of the HTTP request
	URL    string // of the HTTP request as its sender sees it; query and fragment do not count

	AccessToken string // the token it came with, at a protected resource; "" at the token endpoint and for pushed requests
	Bound       string // the thumbprint that the token, refresh token or code is bound to; "": any key will do

	Nonces      *Nonces // nil: a nonce in the proof is not looked at
	DemandNonce bool    // a proof without a nonce is refused with use_dpop_nonce

	Algorithms []token.Algorithm // empty: those of FAPI
	Window     time.Duration     // 0: DPoPWindow
	Now        time.Time
}

// DPoPProof is what a DPoP proof proves: that the sender of the request has a key.
type DPoPProof struct {
	Thumbprint string    // of the key (RFC 7638, SHA-256): jkt
	ID         string    // jti, to be taken once from this key
	Expires    time.Time // from when on DPoP refuses it, so until when ID has to be remembered
	Nonce      string    // the valid nonce in it; "" when there is none, or nonces are not looked at
}

// DPoP verifies the values of a request's DPoP header, of which there must be exactly one (RFC 9449 §4.3). Errors are
// invalid_dpop_proof and, when all is well but the nonce, use_dpop_nonce: the answer to that carries Nonces.New in the header
// DPoP-Nonce. A URL that is no URL is server_error.
func DPoP(headers []string, r DPoPRequest) (*DPoPProof, error) {
	target, err := canonicalURL(r.URL)
	if err != nil {
		return nil, oauth.Internal(fmt.Errorf("DPoP: URL of the request: %w", err))
	}
	if len(headers) != 1 {
		return nil, refuseDPoP(fmt.Errorf("%d headers, where one is wanted", len(headers)))
	}
	j, err := parse(headers[0], r.Algorithms, true)
	if err != nil {
		return nil, refuseDPoP(err)
	}
	thumbprint, err := provenKey(j)
	if err != nil {
		return nil, refuseDPoP(err)
	}
	p, err := r.check(j, target)
	if err != nil {
		return nil, refuseDPoP(err)
	}
	if r.Bound != "" && thumbprint != r.Bound {
		return nil, refuseDPoP(errors.New("the key is not the one that the token is bound to"))
	}
	p.Thumbprint = thumbprint
	if p.Nonce, err = r.checkNonce(j); err != nil {
		return nil, err
	}
	return p, nil
}

// provenKey checks the type and that the signature is by the key in the header, whose thumbprint it returns.
func provenKey(j *jws) (string, error) {
	if j.typ != typeDPoP {
		return "", errors.New("typ is not " + typeDPoP)
	}
	k, err := parseKey(j.key)
	if err != nil {
		return "", fmt.Errorf("jwk: %w", err)
	}
	if !k.suits(j.algorithm) {
		return "", errors.New("the algorithm does not go with the jwk")
	}
	if !j.verifiedBy(k.public) {
		return "", errors.New("the signature is not by the jwk")
	}
	return k.thumbprint()
}

// check holds the claims against the request.
func (r DPoPRequest) check(j *jws, target string) (*DPoPProof, error) {
	id, err := j.claims.id()
	if err != nil {
		return nil, err
	}
	if err := j.claims.equal("htm", r.Method); err != nil {
		return nil, err
	}
	htu, err := j.claims.text("htu")
	if err != nil {
		return nil, err
	}
	if shown, err := canonicalURL(htu); err != nil || shown != target {
		return nil, errors.New("htu is wrong")
	}
	expires, err := r.checkTimes(j.claims)
	if err != nil {
		return nil, err
	}
	if err := r.checkTokenHash(j.claims); err != nil {
		return nil, err
	}
	return &DPoPProof{ID: id, Expires: expires}, nil
}

// checkTimes bounds iat, and holds to exp and nbf, which a proof need not have but may.
func (r DPoPRequest) checkTimes(c claims) (expires time.Time, err error) {
	window := r.Window
	if window <= 0 {
		window = DPoPWindow
	}
	var t times
	if t.issued, err = c.instant("iat"); err != nil {
		return expires, err
	}
	if t.issued.IsZero() {
		return expires, errors.New("iat is missing")
	}
	if t.expires, err = c.instant("exp"); err != nil {
		return expires, err
	}
	if t.notBefore, err = c.instant("nbf"); err != nil {
		return expires, err
	}
	expires = t.issued.Add(window)
	if !r.Now.Before(expires) {
		return expires, errors.New("iat is too long ago")
	}
	return expires, t.current(r.Now, window)
}

// checkTokenHash demands ath with an access token: the SHA-256 of its text in base64url.
func (r DPoPRequest) checkTokenHash(c claims) error {
	if r.AccessToken == "" {
		return nil
	}
	shown, err := c.text("ath")
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(r.AccessToken))
	if subtle.ConstantTimeCompare([]byte(shown), []byte(base64.RawURLEncoding.EncodeToString(sum[:]))) != 1 {
		return errors.New("ath is not of this access token")
	}
	return nil
}

// checkNonce returns the nonce of the proof if it is one of ours and fresh (RFC 9449 §8 and §9).
func (r DPoPRequest) checkNonce(j *jws) (string, error) {
	if r.Nonces == nil {
		if r.DemandNonce {
			return "", oauth.Internal(errors.New("DPoP: a nonce is demanded where none is made"))
		}
		return "", nil
	}
	v, ok := j.claims["nonce"]
	if !ok && !r.DemandNonce {
		return "", nil
	}
	if nonce, _ := v.(string); r.Nonces.Valid(nonce, r.Now) {
		return nonce, nil
	}
	return "", oauth.Errorf(oauth.UseDPoPNonce, "the DPoP proof must hold the nonce of the DPoP-Nonce header")
}

func refuseDPoP(reason error) error {
	return refuse(oauth.InvalidDPoPProof, "DPoP proof", reason)
}
