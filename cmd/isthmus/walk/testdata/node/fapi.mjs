// The FAPI 2.0 security profile whole: a pushed request, a client with a key, tokens bound to another.
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { discover, header, key, payload, refused, request, visit } from './hub.mjs'

const config = await discover('bank', client.PrivateKeyJwt(await key()), { id_token_signed_response_alg: 'ES256' })
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
const { parameters, checks } = await request()
const url = await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
const tokens = await client.authorizationCodeGrant(config, await visit(url), checks, undefined, { DPoP })
assert.equal(tokens.token_type, 'dpop')
assert.equal(header(tokens.id_token).alg, 'ES256')
assert.ok(payload(tokens.access_token).cnf.jkt)
await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP })
const again = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
assert.equal(again.token_type, 'dpop')
{
  const { parameters, checks } = await request()
  const back = await visit(client.buildAuthorizationUrl(config, parameters))
  await refused(client.authorizationCodeGrant(config, back, checks, undefined, { DPoP }), 'invalid_request')
}
