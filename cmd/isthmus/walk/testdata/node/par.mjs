// Requests that are pushed (RFC 9126).
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { discover, refused, request, secret, visit } from './hub.mjs'

const config = await discover('pushing', client.ClientSecretBasic(secret('pushing')))
const { parameters, checks } = await request()
const url = await client.buildAuthorizationUrlWithPAR(config, parameters)
assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'])
const tokens = await client.authorizationCodeGrant(config, await visit(url), checks)
assert.equal(tokens.claims().email, 'ana@corp.example')

// A reference is good once; the client may not do without.
const twice = await visit(url)
assert.match(twice.text, /^status 400/)
const plain = await visit(client.buildAuthorizationUrl(config, parameters))
await refused(client.authorizationCodeGrant(config, plain, checks), 'invalid_request')
await refused(client.buildAuthorizationUrlWithPAR(config, { ...parameters, scope: 'openid phone' }), 'invalid_scope', 400)
const stranger = await discover('pushing', client.ClientSecretBasic('wrong'))
await refused(client.buildAuthorizationUrlWithPAR(stranger, parameters), 'invalid_client', 401)
