// A television gets its tokens while the person uses another device (RFC 8628).
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { discover, refused, visit } from './hub.mjs'

const config = await discover('television', client.None())
const device = await client.initiateDeviceAuthorization(config, { scope: 'openid email' })
assert.ok(device.verification_uri_complete.includes(device.user_code))
const page = await visit(device.verification_uri_complete)
assert.match(page.text, /^status 200/)
const tokens = await client.pollDeviceAuthorizationGrant(config, device)
assert.equal(tokens.claims().email, 'ana@corp.example')
assert.ok(tokens.refresh_token)
await refused(client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:device_code', { device_code: device.device_code }), 'expired_token', 400)
await refused(client.initiateDeviceAuthorization(config, { scope: 'phone' }), 'invalid_scope', 400)
