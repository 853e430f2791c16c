// Client credentials, and an API that asks what a token is worth.
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { discover, orders, payload, refused, secret } from './hub.mjs'

const worker = await discover('worker', client.ClientSecretBasic(secret('worker')))
const api = await discover('orders', client.ClientSecretPost(secret('orders')))

const all = await client.clientCredentialsGrant(worker)
assert.equal(payload(all.access_token).scope, `${orders}/read`)
assert.equal(payload(all.access_token).sub, 'worker')
assert.equal(all.refresh_token, undefined)
assert.equal(all.id_token, undefined)
const bound = await client.clientCredentialsGrant(worker, { scope: `${orders}/read`, resource: orders })
assert.equal(payload(bound.access_token).aud, orders)

const known = await client.tokenIntrospection(api, bound.access_token)
assert.equal(known.active, true)
assert.equal(known.client_id, 'worker')
assert.equal(known.scope, `${orders}/read`)
assert.equal(known.aud, orders)
assert.deepEqual(await client.tokenIntrospection(api, all.access_token + 'x'), { active: false })

await refused(client.clientCredentialsGrant(worker, { scope: `${orders}/write` }), 'invalid_scope', 400)
await refused(client.clientCredentialsGrant(worker, { scope: 'openid' }), 'invalid_scope', 400)
await refused(client.clientCredentialsGrant(worker, { resource: 'https://elsewhere.example' }), 'invalid_target', 400)
await refused(client.clientCredentialsGrant(await discover('spa', client.None())), 'unauthorized_client', 400)
await assert.rejects(client.fetchUserInfo(worker, all.access_token, client.skipSubjectCheck), (e) => e.status === 403)
