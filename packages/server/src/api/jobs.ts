import { VitrineError } from '@vitrine/contract/error.ts'
import { JobId } from '@vitrine/contract/job.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { present } from '../jobs/present.ts'
import type { StoredJob } from '../store/jobs.ts'
import type { Handlers } from './bind.ts'

export type JobRoutes = Pick<
  Handlers,
  | 'createJob'
  | 'listJobs'
  | 'getJob'
  | 'cancelJob'
  | 'stopJob'
  | 'openJob'
  | 'restartJob'
  | 'promptJob'
  | 'extendJob'
  | 'deleteJob'
  | 'deleteJobs'
>

export function jobRoutes(jobs: Jobs, desktopUrl: (job: StoredJob) => string): JobRoutes {
  const show = (job: StoredJob) => present(job, desktopUrl)
  return {
    createJob: async ({ body, headers }) => show(await jobs.create(body, headers['idempotency-key'])),
    listJobs: async ({ query: { state, label, q, limit, cursor } }) => {
      if (cursor !== undefined && !JobId.safeParse(cursor).success) {
        const details = [{ path: 'cursor', message: 'must be `next` of the page before' }]
        throw new VitrineError('bad_request', 'cursor: must be `next` of the page before.', details)
      }
      const page = await jobs.page({ states: state, labels: label, words: q, before: cursor }, limit + 1)
      const shown = page.slice(0, limit)
      return { jobs: shown.map(show), next: page.length > limit ? shown.at(-1)!.id : null }
    },
    getJob: async ({ params }) => show(await jobs.get(params.id)),
    cancelJob: async ({ params }) => show(await jobs.cancel(params.id)),
    stopJob: async ({ params }) => show(await jobs.stop(params.id)),
    openJob: async ({ params }) => show(await jobs.open(params.id)),
    restartJob: async ({ params, body }) => show(await jobs.restart(params.id, body.mode)),
    promptJob: async ({ params, body, headers }) =>
      show(await jobs.prompt(params.id, body, headers['idempotency-key'])),
    extendJob: async ({ params, body }) => show(await jobs.extend(params.id, body.seconds)),
    deleteJob: ({ params }) => jobs.remove(params.id),
    deleteJobs: async ({ query }) => ({ deleted: await jobs.removeAll(query.state) }),
  }
}
