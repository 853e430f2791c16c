// What the walks share: the hub, and a person at a browser.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as client from 'openid-client'

export const issuer = process.env.ISSUER
export const algorithm = process.env.ALGORITHM
export const callback = 'http://localhost:3000/callback'
export const orders = 'https://orders.example'
export const secret = (id) => `${id}-secret-0123456789-0123456789`

// Signatures are checked even where TLS would do (OpenID Connect Core §3.1.3.7).
export function discover(id, auth, metadata) {
  return client.discovery(new URL(issuer), id, metadata, auth, { execute: [client.enableNonRepudiationChecks] })
}

// visit lets the person open an address, in her browser or in a fresh one. She ends at the app, or on a page of the hub.
export async function visit(url, { fresh = false } = {}) {
  const answer = await fetch(process.env.PERSON + (fresh ? '?fresh' : ''), { method: 'POST', body: url.href ?? url })
  const { end, form, text } = await answer.json()
  if (form) return new Request(end, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form })
  return Object.assign(new URL(end), { text })
}

// request is an authorization request with all that protects it, and the checks of what comes back.
export async function request(more = {}) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState(), expectedNonce: client.randomNonce(),
    idTokenExpected: true, maxAge: 3600,
  }
  const parameters = {
    redirect_uri: callback, scope: 'openid email profile', state: checks.expectedState, nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: 'S256',
    max_age: '3600', ...more,
  }
  return { parameters, checks }
}

// key is the private half of public.json.
export async function key() {
  const jwk = JSON.parse(readFileSync('private.json'))
  const imported = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  return { key: imported, kid: jwk.kid }
}

export const header = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url'))
export const payload = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'))

// refused holds that the hub refuses with an OAuth error and, if given, with that status. Where there is a challenge,
// openid-client leaves the answer to be read.
export async function refused(promise, error, status) {
  const e = await promise.then(() => assert.fail(`not refused with ${error}`), (e) => e)
  const said = e instanceof client.WWWAuthenticateChallengeError ? (await e.response.json()).error : e.error
  assert.equal(said, error, e.stack)
  if (status) assert.equal(e.status, status)
}
