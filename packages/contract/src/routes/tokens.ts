import { z } from 'zod'
import { MadeToken, NewToken, Token, TokenId } from '../token.ts'
import { route } from './route.ts'

export const tokenRoutes = {
  createToken: route({
    method: 'POST',
    path: '/tokens',
    summary: 'Make an API token for a program; not with one',
    body: NewToken,
    success: { status: 201, body: MadeToken },
    ownerOnly: true,
    errors: ['not_json', 'storage_full'],
  }),
  listTokens: route({
    method: 'GET',
    path: '/tokens',
    summary: 'List the API tokens; not with one',
    success: { status: 200, body: z.object({ tokens: z.array(Token) }) },
    ownerOnly: true,
    errors: [],
  }),
  deleteToken: route({
    method: 'DELETE',
    path: '/tokens/{token}',
    summary: 'Revoke an API token; not with one',
    params: z.object({ token: TokenId }),
    success: { status: 204 },
    ownerOnly: true,
    errors: ['not_found'],
  }),
  createSignInLink: route({
    method: 'POST',
    path: '/sign-in-links',
    summary: 'Make a link, good once and for ten minutes, that signs a browser in; not with an API token',
    ownerOnly: true,
    body: z.strictObject({
      next: z
        .string()
        .regex(/^\/(?![/\\])[^\s\\]*$/, 'must be a path on this server')
        .max(500)
        .default('/'),
    }),
    success: { status: 201, body: z.object({ url: z.url() }) },
    errors: ['not_json'],
  }),
}
