import { randomBytes } from 'node:crypto'
import { VitrineError } from '@vitrine/contract/error.ts'
import type { Moment, Share } from '@vitrine/contract/share.ts'
import { now } from '../clock.ts'
import type { Entry, ShareEntry, Viewers } from '../desktops/viewers.ts'
import { newId } from '../jobs/id.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Recordings } from '../recordings/recordings.ts'
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
import type { Pass, Passes } from './passes.ts'
import { presentRecordings } from './recordings.ts'
import { hashOf } from './token-hash.ts'

export type SharesOptions = {
  db: Database
  jobs: Jobs
  viewers: Viewers
  recordings: Recordings
  passes: Passes
  /** Where people reach this server. */
  publicUrl: URL
}

/** Making, listing and revoking a job’s share links. A link’s token is shown once and kept as its hash. */
export function shareRoutes(
  options: SharesOptions,
): Pick<Handlers, 'createShare' | 'listShares' | 'deleteShare'> {
  const { db, jobs, viewers, recordings, passes } = options
  const show = (share: StoredShare): Share => ({
    id: share.id,
    mode: share.mode,
    moment: share.moment,
    createdAt: new Date(share.created_at).toISOString(),
    expiresAt: new Date(share.expires_at).toISOString(),
    viewers: viewers.guests(share.id),
  })
  return {
    createShare: async ({ params, body: { mode, seconds, moment = null } }) => {
      const job = await jobs.get(params.id)
      if (moment) await mustBeRecorded(recordings, job.id, moment)
      await removeEndedShares(db, now())
      const token = randomBytes(24).toString('base64url')
      const times = { created_at: now(), expires_at: now() + seconds * 1000 }
      const share = { id: newId('shr'), job: job.id, token_hash: hashOf(token), mode, moment, ...times }
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
      passes.revoke({ kind: 'share link', id: params.share })
    },
  }
}

async function mustBeRecorded(recordings: Recordings, job: string, { run, seconds }: Moment): Promise<void> {
  const refuse = (path: string, message: string) => {
    throw new VitrineError('bad_request', `${path}: ${message}.`, [{ path, message }])
  }
  const recording = (await presentRecordings(recordings, job)).find((one) => one.run === run)
  if (!recording) return refuse('moment.run', `run ${run} has no recording`)
  if (seconds > recording.seconds) {
    refuse('moment.seconds', `must be at most ${recording.seconds}, where the recording ends`)
  }
}

/** What a share link opens: a job’s desktop, or one of its recordings from a moment on. */
export type Shared = { pass: Pass } & (
  | { shows: 'desktop'; entry: Entry & { share: ShareEntry } }
  | { shows: 'recording'; job: string; moment: Moment }
)

/** What a share link’s token opens; null where it is wrong, revoked or ended. */
export async function openShare(db: Database, token: string): Promise<Shared | null> {
  const share = await findShare(db, hashOf(token), now())
  if (!share) return null
  const { id, job, mode, moment, expires_at: endsAt } = share
  const pass: Pass = { kind: 'share link', id, endsAt }
  if (moment) return { pass, shows: 'recording', job, moment }
  return { pass, shows: 'desktop', entry: { job, share: { id, mayDrive: mode === 'control' } } }
}
