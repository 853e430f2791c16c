// Tokens that are bound to a key of a client which has no secret (RFC 9449).
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { discover, payload, refused, request, visit } from './hub.mjs'

const config = await discover('possessing', client.None())
const pair = await client.randomDPoPKeyPair('ES256')
const DPoP = client.getDPoPHandle(config, pair)
const { parameters, checks } = await request({ dpop_jkt: await DPoP.calculateThumbprint() })
const tokens = await client.authorizationCodeGrant(config, await visit(client.buildAuthorizationUrl(config, parameters)), checks, undefined, { DPoP })
assert.equal(tokens.token_type, 'dpop')
assert.equal(payload(tokens.access_token).cnf.jkt, await DPoP.calculateThumbprint())
const { sub } = tokens.claims()
await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP })
const again = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
await client.fetchUserInfo(config, again.access_token, sub, { DPoP })

// Not as a bearer, not with another key.
await assert.rejects(client.fetchUserInfo(config, again.access_token, sub), (e) => e.status === 401)
const thief = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
await assert.rejects(client.fetchUserInfo(config, again.access_token, sub, { DPoP: thief }), (e) => e.status === 401)
await refused(client.refreshTokenGrant(config, again.refresh_token, undefined, { DPoP: thief }), 'invalid_grant', 400)
await refused(client.refreshTokenGrant(config, again.refresh_token), 'invalid_dpop_proof', 400)
{
  const { parameters, checks } = await request({ dpop_jkt: await DPoP.calculateThumbprint() })
  const back = await visit(client.buildAuthorizationUrl(config, parameters))
  await refused(client.authorizationCodeGrant(config, back, checks, undefined, { DPoP: thief }), 'invalid_grant', 400)
}
