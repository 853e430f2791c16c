// A client that proves itself by a key: private_key_jwt (RFC 7523), and requests that it signed (RFC 9101).
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { discover, issuer, key, refused, request, visit } from './hub.mjs'

const own = await key()
const config = await discover('keyed', client.PrivateKeyJwt(own))
{
  const { parameters, checks } = await request()
  const tokens = await client.authorizationCodeGrant(config, await visit(client.buildAuthorizationUrl(config, parameters)), checks)
  const again = await client.refreshTokenGrant(config, tokens.refresh_token)
  assert.equal((await client.tokenIntrospection(config, again.access_token)).active, true)
  await client.tokenRevocation(config, tokens.refresh_token)
}
{
  const { parameters, checks } = await request()
  const tokens = await client.authorizationCodeGrant(config, await visit(await client.buildAuthorizationUrlWithPAR(config, parameters)), checks)
  assert.equal(tokens.claims().email, 'ana@corp.example')
}
{
  const { parameters, checks } = await request()
  const url = await client.buildAuthorizationUrlWithJAR(config, parameters, own)
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request'])
  const tokens = await client.authorizationCodeGrant(config, await visit(url), checks)
  assert.equal(tokens.claims().email, 'ana@corp.example')
}

// Another key, another audience, an assertion used twice.
const other = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
const forged = await discover('keyed', client.PrivateKeyJwt({ key: other.privateKey, kid: own.kid }))
await refused(client.refreshTokenGrant(forged, 'x'), 'invalid_client', 401)
const astray = await discover('keyed', client.PrivateKeyJwt(own, { [client.modifyAssertion]: (_, claims) => { claims.aud = 'https://elsewhere.example' } }))
await refused(client.refreshTokenGrant(astray, 'x'), 'invalid_client', 401)
const twice = await discover('keyed', client.PrivateKeyJwt(own, { [client.modifyAssertion]: (_, claims) => { claims.jti = 'the same' } }))
await refused(client.refreshTokenGrant(twice, 'x'), 'invalid_grant', 400)
await refused(client.refreshTokenGrant(twice, 'x'), 'invalid_client', 401)
await refused(client.refreshTokenGrant(await discover('keyed', client.None()), 'x'), 'invalid_client', 401)
assert.ok(config.serverMetadata().token_endpoint.startsWith(issuer))
