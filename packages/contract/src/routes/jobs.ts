import { z } from 'zod'
import { Job, JobId, JobState, NewJob, NewPrompt, NewRestart } from '../job.ts'
import { limits } from '../limits.ts'
import { idempotency, ofJob, route, whole } from './route.ts'

const states = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(JobState))
  .describe('One state, or several with commas between.')

const label = z
  .union([z.string(), z.array(z.string())])
  .transform((one) => [one].flat())
  .pipe(z.array(z.string().regex(/^[^=]+=.*$/s, 'must be key=value')))
  .describe('`key=value`; may be repeated, and all must match.')

const words = z
  .string()
  .max(200)
  .transform((text) => text.toLowerCase().split(/\s+/).filter(Boolean))
  .pipe(z.array(z.string()).max(10, 'must be at most 10 words'))
  .describe(
    `Words, all of which must be in the job’s id, its name or the first ${limits.searchedText} characters of its task; parts of words do, and case does not count.`,
  )

const filter = z.strictObject({ state: states.optional(), label: label.optional(), q: words.optional() })

const list = filter.extend({
  limit: whole(`a whole number from 1 to ${limits.pageSize}`)
    .pipe(z.int().min(1).max(limits.pageSize))
    .default(50),
  cursor: z.string().max(200).optional().describe('`next` of the page before.'),
})

const JobPage = z.object({ jobs: z.array(Job), next: z.string().nullable() })

/**
 * Jobs that changed since the line before: those that match the filter as they are now, and the ids of those that do not
 * match, or no longer, or were deleted.
 */
export const JobChanges = z.object({ jobs: z.array(Job), gone: z.array(JobId) })
export type JobChanges = z.infer<typeof JobChanges>

export const jobRoutes = {
  createJob: route({
    method: 'POST',
    path: '/jobs',
    summary: 'Create a job',
    headers: idempotency,
    body: NewJob,
    success: { status: 202, body: Job },
    errors: ['idempotency_conflict', 'too_large', 'not_json', 'storage_full'],
  }),
  listJobs: route({
    method: 'GET',
    path: '/jobs',
    summary: 'List jobs, the newest first',
    query: list,
    success: { status: 200, body: JobPage },
    errors: [],
  }),
  watchJobs: route({
    method: 'GET',
    path: '/jobs/changes',
    summary:
      'Watch jobs: a line of JobChanges for what changed, for as long as the connection stands. The first says that it began',
    query: filter,
    success: { status: 200, body: { media: ['application/x-ndjson'] } },
    errors: [],
  }),
  getJob: route({
    method: 'GET',
    path: '/jobs/{id}',
    summary: 'Read one job',
    params: ofJob,
    success: { status: 200, body: Job },
    errors: ['not_found'],
  }),
  cancelJob: route({
    method: 'POST',
    path: '/jobs/{id}/cancel',
    summary: 'End the work; the desktop stays until its time is over',
    params: ofJob,
    success: { status: 202, body: Job },
    errors: ['not_found'],
  }),
  stopJob: route({
    method: 'POST',
    path: '/jobs/{id}/stop',
    summary: 'End the work if it goes on, keep the files, close the desktop',
    params: ofJob,
    success: { status: 202, body: Job },
    errors: ['not_found'],
  }),
  openJob: route({
    method: 'POST',
    path: '/jobs/{id}/open',
    summary: 'Open a desktop again with the kept files',
    params: ofJob,
    success: { status: 202, body: Job },
    errors: ['not_found', 'conflict'],
  }),
  restartJob: route({
    method: 'POST',
    path: '/jobs/{id}/restart',
    summary: 'Run the task again in a new sandbox; the history is kept',
    params: ofJob,
    body: NewRestart.prefault({}),
    success: { status: 202, body: Job },
    errors: ['not_found', 'conflict', 'not_json', 'storage_full'],
  }),
  promptJob: route({
    method: 'POST',
    path: '/jobs/{id}/prompts',
    summary:
      'Change the program of a job that has ended, in the same sandbox: a new run, while its desktop is live',
    params: ofJob,
    headers: idempotency,
    body: NewPrompt,
    success: { status: 202, body: Job },
    errors: ['not_found', 'conflict', 'idempotency_conflict', 'too_large', 'not_json', 'storage_full'],
  }),
  extendJob: route({
    method: 'POST',
    path: '/jobs/{id}/extend',
    summary: 'Let the desktop live on for so many seconds from now',
    params: ofJob,
    body: z.strictObject({ seconds: z.int().min(1).max(limits.desktopSeconds.max) }),
    success: { status: 200, body: Job },
    errors: ['not_found', 'conflict', 'not_json'],
  }),
  deleteJob: route({
    method: 'DELETE',
    path: '/jobs/{id}',
    summary: 'Delete a job, its sandbox and its files',
    params: ofJob,
    success: { status: 204 },
    errors: ['not_found'],
  }),
  deleteJobs: route({
    method: 'DELETE',
    path: '/jobs',
    summary: 'Delete all jobs, or those in the given states',
    query: z.strictObject({ state: states.optional() }),
    success: { status: 200, body: z.object({ deleted: z.int() }) },
    errors: [],
  }),
}
