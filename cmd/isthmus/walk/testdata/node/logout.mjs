// Out again, by the provider's end_session_endpoint (OpenID Connect RP-Initiated Logout).
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { discover, refused, request, visit } from './hub.mjs'

const spa = await discover('spa', client.None())
const bye = 'http://localhost:3000/bye?from=hub'

async function signIn() {
  const { parameters, checks } = await request()
  return client.authorizationCodeGrant(spa, await visit(client.buildAuthorizationUrl(spa, parameters)), checks)
}
async function signedOut() {
  const { parameters, checks } = await request({ prompt: 'none' })
  await refused(client.authorizationCodeGrant(spa, await visit(client.buildAuthorizationUrl(spa, parameters)), checks), 'login_required')
}

// With a hint at once, without one after a question; buildEndSessionUrl adds the client_id.
for (const hinted of [true, false]) {
  const tokens = await signIn()
  const parameters = { post_logout_redirect_uri: bye, state: client.randomState() }
  if (hinted) parameters.id_token_hint = tokens.id_token
  const back = await visit(client.buildEndSessionUrl(spa, parameters))
  assert.equal(back.href, `${bye}&state=${parameters.state}`)
  await signedOut()
}
// To an address that is not registered nobody is sent, and nobody is signed out.
{
  const tokens = await signIn()
  const page = await visit(client.buildEndSessionUrl(spa, { post_logout_redirect_uri: bye + '2', id_token_hint: tokens.id_token }))
  assert.match(page.text, /^status 400/)
  const { parameters, checks } = await request({ prompt: 'none' })
  await client.authorizationCodeGrant(spa, await visit(client.buildAuthorizationUrl(spa, parameters)), checks)
}
