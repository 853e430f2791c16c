// A service exchanges the token of its caller for one of its own (RFC 8693).
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { discover, orders, payload, refused, request, secret, visit } from './hub.mjs'

const web = await discover('web', client.ClientSecretBasic(secret('web')))
const relay = await discover('relay', client.ClientSecretBasic(secret('relay')))
const { parameters, checks } = await request()
const tokens = await client.authorizationCodeGrant(web, await visit(client.buildAuthorizationUrl(web, parameters)), checks)

const exchange = (config, subject_token, more) => client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
  subject_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', ...more,
})
const own = await exchange(relay, tokens.access_token, { scope: `${orders}/read`, resource: orders })
assert.equal(own.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token')
const claims = payload(own.access_token)
assert.equal(claims.sub, tokens.claims().sub)
assert.equal(claims.client_id, 'relay')
assert.deepEqual(claims.act, { client_id: 'relay' })
assert.equal(claims.aud, orders)
assert.equal(own.refresh_token, undefined)

await refused(exchange(relay, tokens.id_token), 'invalid_request', 400)
await refused(exchange(relay, own.access_token), 'invalid_target', 400)
await refused(exchange(web, tokens.access_token), 'unauthorized_client', 400)
await client.tokenRevocation(web, tokens.refresh_token)
await refused(exchange(relay, tokens.access_token), 'invalid_request', 400)
