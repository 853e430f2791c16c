// Package walk_test walks the ways of the first users, from the outside: against
// a hub that runs by a file like theirs, with the programs they use.
//
// The scripts in testdata/article are walkthroughs that were published for
// Cognito, each in its own words with the address changed. What else had to
// change is said in the script, at the line. The scripts in testdata/node drive
// relying parties and verifiers of other people, which judge the hub by the
// specifications and know nothing of it. testdata/apache has Debian's Apache with
// mod_auth_openidc in front of an app, as it might stand in a house.
//
// Where the hub differs from Cognito, or a relying party is hindered:
//
//   - A client without a secret must use PKCE. Two of the articles do not; as they
//     are, their steps need insecure_without_pkce.
//   - Its refresh tokens rotate, unless tokens.rotation is false.
//   - A client that fails to authenticate gets 401 with a challenge, at Cognito's
//     token endpoint 400 without. openid-client then shows its caller the challenge
//     in place of invalid_client.
//   - A scope that is not allowed is invalid_scope, and is named.
//   - Only refresh tokens can be revoked, as at Cognito; others are answered with
//     unsupported_token_type (RFC 7009 §2.2.1).
//   - aws-jwt-verify's CognitoJwtVerifier makes the issuer out of a pool's id, at
//     Amazon. Apps use its JwtVerifier, which is given the issuer, with the checks
//     of the other. It fetches keys over https alone, and does not know PS256.
//   - mod_auth_openidc 2.4.12 finds the session to end by the sid, if its ID token
//     had one, and by the sub otherwise; of several sessions it then knows the last.
//     So both tokens must have the sid. It does not look at the typ.
//   - The articles' people sign up by themselves; here the file has the person.
//     cognito:username is her user name, and not the sub.
//
// The tests need curl, node, npm and Apache; see .ci/needs. The packages of node are
// those of testdata/node/package-lock.json. They are installed once, under .cache.
package walk_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// program is a program that the tests cannot do without.
func program(t *testing.T, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed; the walkthroughs need it (Debian's package %s; .ci/needs installs it)", name, debian)
	}
	return path
}

// pair writes a certificate for localhost, which is its own authority, and its
// key into dir.
func pair(dir string) (certificate, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	certificate, key = filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			return "", "", err
		}
	}
	return certificate, key, nil
}
