// aws-jwt-verify accepts our tokens, also by the claims it demands of Cognito's, and nothing that looks like them.
import assert from 'node:assert/strict'
import { JwtVerifier } from 'aws-jwt-verify'
import { validateCognitoJwtFields } from 'aws-jwt-verify/cognito-verifier'
import * as errors from 'aws-jwt-verify/error'
import * as client from 'openid-client'
import { discover, issuer, orders, request, secret, visit } from './hub.mjs'

const config = await discover('web', client.ClientSecretBasic(secret('web')))
const { parameters, checks } = await request({ scope: `openid email ${orders}/read` })
const tokens = await client.authorizationCodeGrant(config, await visit(client.buildAuthorizationUrl(config, parameters)), checks)
const worker = await client.clientCredentialsGrant(await discover('worker', client.ClientSecretBasic(secret('worker'))))

// It finds the keys by itself, where Cognito has them: under the issuer.
const fields = (tokenUse, clientId) => ({ payload }) => validateCognitoJwtFields(payload, { tokenUse, clientId })
const id = JwtVerifier.create({ issuer, audience: 'web', customJwtCheck: fields('id', 'web') })
const access = JwtVerifier.create({ issuer, audience: null, scope: `${orders}/read`, customJwtCheck: fields('access', 'web') })
const machine = JwtVerifier.create({ issuer, audience: null, scope: `${orders}/read`, customJwtCheck: fields('access', 'worker') })
assert.equal((await id.verify(tokens.id_token)).email, 'ana@corp.example')
assert.equal((await access.verify(tokens.access_token)).username, 'ana')
assert.equal((await machine.verify(worker.access_token)).sub, 'worker')

const fails = (verifier, jwt, name) => assert.rejects(verifier.verify(jwt), errors[name])
await fails(id, tokens.access_token, 'JwtInvalidAudienceError')
await fails(access, tokens.id_token, 'JwtInvalidScopeError')
await fails(machine, tokens.access_token, 'CognitoJwtInvalidClientIdError')
const [head, body, signature] = tokens.access_token.split('.')
const claims = JSON.parse(Buffer.from(body, 'base64url'))
const tampered = Buffer.from(JSON.stringify({ ...claims, username: 'bob' })).toString('base64url')
await fails(access, [head, tampered, signature].join('.'), 'JwtInvalidSignatureError')
const unsigned = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(head, 'base64url')), alg: 'none' })).toString('base64url')
await fails(access, [unsigned, body, signature].join('.'), 'JwtInvalidSignatureAlgorithmError')
