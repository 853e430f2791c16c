// The code flow from discovery to revocation, for a client with a secret in either place, and for one without.
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { algorithm, callback, discover, header, orders, payload, refused, request, secret, visit } from './hub.mjs'

for (const [id, auth] of [
  ['web', client.ClientSecretBasic(secret('web'))], ['web', client.ClientSecretPost(secret('web'))], ['spa', client.None()],
]) {
  const config = await discover(id, auth)
  const server = config.serverMetadata()
  assert.ok(server.supportsPKCE())
  assert.ok(server.id_token_signing_alg_values_supported.includes(algorithm))

  const { parameters, checks } = await request({ scope: `openid email profile ${orders}/read` })
  const back = await visit(client.buildAuthorizationUrl(config, parameters))
  assert.ok(back.searchParams.get('iss'), 'RFC 9207')
  const tokens = await client.authorizationCodeGrant(config, back, checks)
  const claims = tokens.claims()
  assert.equal(header(tokens.id_token).alg, algorithm)
  assert.equal(claims.email, 'ana@corp.example')
  assert.equal(claims.email_verified, true)
  assert.equal(tokens.token_type, 'bearer')
  assert.equal(tokens.expires_in, 3600)

  const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
  assert.equal(person.family_name, 'Example')
  await assert.rejects(client.fetchUserInfo(config, tokens.access_token, 'somebody else'))

  const again = await client.refreshTokenGrant(config, tokens.refresh_token)
  assert.equal(again.claims().sub, claims.sub)
  assert.equal(again.claims().auth_time, claims.auth_time)
  assert.equal(payload(again.access_token).scope, `openid email profile ${orders}/read`)
  const less = await client.refreshTokenGrant(config, again.refresh_token ?? tokens.refresh_token, { scope: 'openid' })
  assert.equal(payload(less.access_token).scope, 'openid')
  let last = less.refresh_token ?? tokens.refresh_token
  await refused(client.refreshTokenGrant(config, last, { scope: 'openid phone' }), 'invalid_scope', 400)

  if (id === 'web') {
    assert.equal(again.refresh_token, undefined, 'a client with a secret keeps its refresh token')
    const known = await client.tokenIntrospection(config, tokens.access_token)
    assert.equal(known.active, true)
    assert.equal(known.sub, claims.sub)
    assert.equal((await client.tokenIntrospection(config, last, { token_type_hint: 'refresh_token' })).active, true)
  } else {
    assert.notEqual(again.refresh_token, tokens.refresh_token)
    last = (await client.refreshTokenGrant(config, last)).refresh_token
  }

  await refused(client.tokenRevocation(config, tokens.access_token), 'unsupported_token_type', 400)
  await client.tokenRevocation(config, last)
  await refused(client.refreshTokenGrant(config, last), 'invalid_grant', 400)
  await assert.rejects(client.fetchUserInfo(config, tokens.access_token, claims.sub), (e) => e.status === 401)
  if (id === 'web') assert.deepEqual(await client.tokenIntrospection(config, tokens.access_token), { active: false })
}

const spa = await discover('spa', client.None())

// A refresh token that was rotated away ends the whole family (RFC 9700 §4.14.2).
{
  const { parameters, checks } = await request()
  const first = await client.authorizationCodeGrant(spa, await visit(client.buildAuthorizationUrl(spa, parameters)), checks)
  const second = await client.refreshTokenGrant(spa, first.refresh_token)
  await refused(client.refreshTokenGrant(spa, first.refresh_token), 'invalid_grant', 400)
  await refused(client.refreshTokenGrant(spa, second.refresh_token), 'invalid_grant', 400)
}
// Another verifier opens nothing, and neither does the code afterwards.
{
  const { parameters, checks } = await request()
  const back = await visit(client.buildAuthorizationUrl(spa, parameters))
  await refused(client.authorizationCodeGrant(spa, back, { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() }), 'invalid_grant', 400)
  await refused(client.authorizationCodeGrant(spa, back, checks), 'invalid_grant', 400)
}
// The same browser is known without a page, and a fresh one is not.
{
  const { parameters, checks } = await request({ prompt: 'none' })
  const url = client.buildAuthorizationUrl(spa, parameters)
  await client.authorizationCodeGrant(spa, await visit(url), checks)
  await refused(client.authorizationCodeGrant(spa, await visit(url, { fresh: true }), checks), 'login_required')
}
// A resource is the audience of the access tokens (RFC 8707), of those of a refresh too, and no other can be had.
{
  const { parameters, checks } = await request({ resource: orders, scope: `openid ${orders}/read` })
  const tokens = await client.authorizationCodeGrant(spa, await visit(client.buildAuthorizationUrl(spa, parameters)), checks, { resource: orders })
  assert.equal(payload(tokens.access_token).aud, orders)
  await refused(client.refreshTokenGrant(spa, tokens.refresh_token, { resource: 'https://stock.example' }), 'invalid_target', 400)
  assert.equal(payload((await client.refreshTokenGrant(spa, tokens.refresh_token)).access_token).aud, orders)
}
// The response as a form.
{
  const { parameters, checks } = await request({ response_mode: 'form_post' })
  const back = await visit(client.buildAuthorizationUrl(spa, parameters))
  assert.equal(back.method, 'POST')
  await client.authorizationCodeGrant(spa, back, checks)
}
// What is not allowed comes back to the app as an error it can read.
{
  const { parameters, checks } = await request({ scope: 'openid phone' })
  const back = await visit(client.buildAuthorizationUrl(spa, parameters))
  await refused(client.authorizationCodeGrant(spa, back, checks), 'invalid_scope')
}
// An address that is not registered is not called.
{
  const { parameters } = await request({ redirect_uri: callback + '/other' })
  const page = await visit(client.buildAuthorizationUrl(spa, parameters))
  assert.match(page.text, /^status 400/)
}
await refused(client.refreshTokenGrant(await discover('web', client.ClientSecretPost('wrong')), 'x'), 'invalid_client', 401)
