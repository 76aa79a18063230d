import { randomBytes } from 'node:crypto'
import { VitrineError } from '@vitrine/contract/error.ts'
import type { Token } from '@vitrine/contract/token.ts'
import { now } from '../clock.ts'
import { newId } from '../jobs/id.ts'
import type { Database } from '../store/schema.ts'
import {
  allTokens,
  findToken,
  insertToken,
  noteTokenUse,
  removeToken,
  type StoredToken,
} from '../store/tokens.ts'
import type { Handlers } from './bind.ts'
import type { Pass, Passes } from './passes.ts'
import { hashOf } from './token-hash.ts'

/** Noted this seldom: each note is a write to the disk. */
const noteMilliseconds = 60_000

/** Making, listing and revoking API tokens. A token is shown once and kept as its hash. */
export function tokenRoutes(
  db: Database,
  passes: Passes,
): Pick<Handlers, 'createToken' | 'listTokens' | 'deleteToken'> {
  return {
    createToken: async ({ body: { name, seconds } }) => {
      const token = `vt_${randomBytes(32).toString('base64url')}`
      const created_at = now()
      const expires_at = seconds === undefined ? null : created_at + seconds * 1000
      const stored = { id: newId('tok'), name, hash: hashOf(token), created_at, expires_at, used_at: null }
      await insertToken(db, stored)
      return { ...show(stored), token }
    },
    listTokens: async () => ({ tokens: (await allTokens(db)).map(show) }),
    deleteToken: async ({ params: { token } }) => {
      if (!(await removeToken(db, token))) throw new VitrineError('not_found', `There is no token ${token}.`)
      passes.revoke({ kind: 'API token', id: token })
    },
  }
}

/** Null where this is no token that is good now. */
export async function openToken(db: Database, token: string): Promise<Pass | null> {
  const found = await findToken(db, hashOf(token), now())
  if (!found) return null
  // A disk that is full must not lock programs out.
  if ((found.used_at ?? 0) + noteMilliseconds < now()) await noteTokenUse(db, found.id, now()).catch(() => {})
  return { kind: 'API token', id: found.id, endsAt: found.expires_at }
}

const show = ({ id, name, created_at, expires_at, used_at }: StoredToken): Token => ({
  id,
  name,
  createdAt: time(created_at),
  expiresAt: expires_at === null ? null : time(expires_at),
  usedAt: used_at === null ? null : time(used_at),
})

const time = (milliseconds: number) => new Date(milliseconds).toISOString()
