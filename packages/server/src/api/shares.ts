import { createHash, randomBytes } from 'node:crypto'
import { VitrineError } from '@vitrine/contract/error.ts'
import type { Share } from '@vitrine/contract/share.ts'
import { now } from '../clock.ts'
import type { Entry, Viewers } from '../desktops/viewers.ts'
import { newId } from '../jobs/id.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Database } from '../store/schema.ts'
import {
  findShare,
  insertShare,
  removeEndedShares,
  removeShare,
  sharesOf,
  type StoredShare,
} from '../store/shares.ts'
import type { Handlers } from './bind.ts'

export type SharesOptions = {
  db: Database
  jobs: Jobs
  viewers: Viewers
  /** Where people reach this server. */
  publicUrl: URL
}

/** Making, listing and revoking a job’s share links. A link’s token is shown once and kept as its hash. */
export function shareRoutes(
  options: SharesOptions,
): Pick<Handlers, 'createShare' | 'listShares' | 'deleteShare'> {
  const { db, jobs, viewers } = options
  const show = (share: StoredShare): Share => ({
    id: share.id,
    mode: share.mode,
    createdAt: new Date(share.created_at).toISOString(),
    expiresAt: new Date(share.expires_at).toISOString(),
    viewers: viewers.guests(share.id),
  })
  return {
    createShare: async ({ params, body: { mode, seconds } }) => {
      const job = await jobs.get(params.id)
      await removeEndedShares(db, now())
      const token = randomBytes(24).toString('base64url')
      const times = { created_at: now(), expires_at: now() + seconds * 1000 }
      const share = { id: newId('shr'), job: job.id, token_hash: hashOf(token), mode, ...times }
      await insertShare(db, share)
      return { ...show(share), url: new URL(`s/${token}/`, options.publicUrl).href }
    },
    listShares: async ({ params }) => {
      const job = await jobs.get(params.id)
      return { shares: (await sharesOf(db, job.id, now())).map(show) }
    },
    deleteShare: async ({ params }) => {
      const job = await jobs.get(params.id)
      if (!(await removeShare(db, job.id, params.share))) {
        throw new VitrineError('not_found', `Job ${job.id} has no share link ${params.share}.`)
      }
      viewers.closeGuests(params.share, 'the share link was revoked')
    },
  }
}

/** What a share link’s token opens; null where it is wrong, revoked or ended. */
export async function openShare(db: Database, token: string): Promise<Entry | null> {
  const share = await findShare(db, hashOf(token), now())
  if (!share) return null
  const { id, job, mode, expires_at: expiresAt } = share
  return { job, share: { id, mayDrive: mode === 'control', expiresAt } }
}

/** Tokens are long and random: a plain hash is enough, and finding by it tells nothing by its time. */
const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url')
