import { z } from 'zod'
import { Control, ControlCall, ControlGift, NewInput, ViewerId } from './control.ts'
import type { ErrorCode } from './error.ts'
import { Job, JobId, JobState, ModelName, NewJob, NewPrompt, NewRestart } from './job.ts'
import { limits } from './limits.ts'
import { FileList } from './link.ts'
import { recordingMedia } from './recording.ts'
import { Health, Settings } from './server.ts'
import { MadeShare, NewShare, Share, ShareId, type Moment } from './share.ts'
import { MadeToken, NewToken, Token, TokenId } from './token.ts'

/** Everything under this prefix is the API; each path below is relative to it. */
export const apiPrefix = '/api/v1'

/** A body that is not JSON: its media types, the first the default where a caller accepts any. */
export type Media = { media: readonly string[] }

export type Route = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  summary: string
  params?: z.ZodObject
  query?: z.ZodObject
  headers?: z.ZodObject
  /** One that takes `undefined` may be left out. */
  body?: z.ZodType | Media
  success: { status: 200 | 201 | 202 | 204; body?: z.ZodType | Media }
  /** Refused with an API token: what such a token began must end with it. */
  ownerOnly?: true
  /** Beyond those that every route has: bad_request, unauthorized, forbidden, unavailable, internal. */
  errors: readonly ErrorCode[]
}

const job = z.object({ id: JobId })
const idempotency = z.object({ 'idempotency-key': z.string().min(1).max(200).optional() })
const whole = (what: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `must be ${what}`)
    .transform(Number)
const recordingOf = job.extend({ run: whole('the number of a run').pipe(z.int().min(1)) })
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

export const JobPage = z.object({ jobs: z.array(Job), next: z.string().nullable() })
/**
 * Jobs that changed since the line before: those that match the filter as they are now, and the ids of those that do not
 * match, or no longer, or were deleted.
 */
export const JobChanges = z.object({ jobs: z.array(Job), gone: z.array(JobId) })
export type JobChanges = z.infer<typeof JobChanges>
export const ModelEntry = z.object({
  name: z.string(),
  bytes: z.int(),
  loaded: z.boolean(),
  default: z.boolean(),
  capabilities: z.array(z.string()),
  contextLength: z.int().nullable().describe('The longest context that the model was made for, in tokens.'),
  memory: z
    .object({
      bytes: z.int(),
      gpuShare: z.number().describe('The part that graphics memory holds: 0 runs on the CPU, 1 on the GPU.'),
      contextLength: z.int().nullable().describe('The context that it was loaded with.'),
    })
    .nullable()
    .describe('What the model takes while it is loaded; null while it is not.'),
})
/** One line of a download that goes on. Sizes are bytes, and are of the layer that `status` names. */
export const PullProgress = z.object({
  status: z.string(),
  completed: z.int().optional(),
  total: z.int().optional(),
})
export type PullProgress = z.infer<typeof PullProgress>
const seconds = z.number().describe('Seconds since the recording began.')
/** What a run's desktop showed. An event's place in it is its `at` less `startedAt`. */
export const Recording = z.object({
  run: z.int(),
  startedAt: z.iso.datetime(),
  seconds: z.number().describe('How long it is by now, gaps between its segments included.'),
  bytes: z.int(),
  live: z.boolean().describe('True while more is recorded.'),
  segments: z
    .array(z.object({ startedAt: z.iso.datetime(), from: seconds, to: seconds }))
    .describe(
      'Stretches without a gap: a desktop that was opened again, or a server that was away, begins a new one.',
    ),
})
export type Recording = z.infer<typeof Recording>
/** What a guest’s page learns of the recording that its link shows; null where it is kept no longer. */
export type SharedRecording = { moment: Moment; recording: Recording | null }
const route = <const R extends Route>(definition: R): R => definition

/** The one route table: the server's handlers, the OpenAPI document and the tests are made from it. */
export const routes = {
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
    params: job,
    success: { status: 200, body: Job },
    errors: ['not_found'],
  }),
  cancelJob: route({
    method: 'POST',
    path: '/jobs/{id}/cancel',
    summary: 'End the work; the desktop stays until its time is over',
    params: job,
    success: { status: 202, body: Job },
    errors: ['not_found'],
  }),
  stopJob: route({
    method: 'POST',
    path: '/jobs/{id}/stop',
    summary: 'End the work if it goes on, keep the files, close the desktop',
    params: job,
    success: { status: 202, body: Job },
    errors: ['not_found'],
  }),
  openJob: route({
    method: 'POST',
    path: '/jobs/{id}/open',
    summary: 'Open a desktop again with the kept files',
    params: job,
    success: { status: 202, body: Job },
    errors: ['not_found', 'conflict'],
  }),
  restartJob: route({
    method: 'POST',
    path: '/jobs/{id}/restart',
    summary: 'Run the task again in a new sandbox; the history is kept',
    params: job,
    body: NewRestart.prefault({}),
    success: { status: 202, body: Job },
    errors: ['not_found', 'conflict', 'not_json', 'storage_full'],
  }),
  promptJob: route({
    method: 'POST',
    path: '/jobs/{id}/prompts',
    summary:
      'Change the program of a job that has ended, in the same sandbox: a new run, while its desktop is live',
    params: job,
    headers: idempotency,
    body: NewPrompt,
    success: { status: 202, body: Job },
    errors: ['not_found', 'conflict', 'idempotency_conflict', 'too_large', 'not_json', 'storage_full'],
  }),
  extendJob: route({
    method: 'POST',
    path: '/jobs/{id}/extend',
    summary: 'Let the desktop live on for so many seconds from now',
    params: job,
    body: z.strictObject({ seconds: z.int().min(1).max(limits.desktopSeconds.max) }),
    success: { status: 200, body: Job },
    errors: ['not_found', 'conflict', 'not_json'],
  }),
  deleteJob: route({
    method: 'DELETE',
    path: '/jobs/{id}',
    summary: 'Delete a job, its sandbox and its files',
    params: job,
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
  followEvents: route({
    method: 'GET',
    path: '/jobs/{id}/events',
    summary:
      'Follow a job’s events: those stored, then live, until the run has ended and its desktop is closed',
    params: job,
    query: z.strictObject({
      after: whole('an event number').optional().describe('Only events after this number.'),
      follow: z.enum(['true', 'false']).default('true').describe('`false` ends after the stored ones.'),
    }),
    headers: z.object({ 'last-event-id': whole('an event number').optional() }),
    success: { status: 200, body: { media: ['text/event-stream', 'application/x-ndjson'] } },
    errors: ['not_found'],
  }),
  readLogs: route({
    method: 'GET',
    path: '/jobs/{id}/logs',
    summary: 'The job’s story as plain text',
    params: job,
    query: z.strictObject({
      follow: z.enum(['true', 'false']).default('false'),
      tail: whole('a number of lines').optional().describe('Only so many of the last lines.'),
    }),
    success: { status: 200, body: { media: ['text/plain'] } },
    errors: ['not_found'],
  }),
  listFiles: route({
    method: 'GET',
    path: '/jobs/{id}/files',
    summary: 'List the job’s files',
    params: job,
    success: { status: 200, body: FileList },
    errors: ['not_found'],
  }),
  readFile: route({
    method: 'GET',
    path: '/jobs/{id}/files/{path}',
    summary: 'Download one file; the path may hold encoded slashes or plain ones',
    params: job.extend({ path: z.string().min(1).max(4096) }),
    success: { status: 200, body: { media: ['application/octet-stream'] } },
    errors: ['not_found'],
  }),
  writeFile: route({
    method: 'PUT',
    path: '/jobs/{id}/files/{path}',
    summary:
      'Put a file into the live sandbox’s /output, in the place of one that is there; it is there whole, or not at all',
    params: job.extend({ path: z.string().min(1).max(4096) }),
    body: { media: ['application/octet-stream'] },
    success: { status: 204 },
    errors: ['not_found', 'conflict', 'too_large'],
  }),
  readZip: route({
    method: 'GET',
    path: '/jobs/{id}/files.zip',
    summary: 'Download all files as a zip archive',
    params: job,
    success: { status: 200, body: { media: ['application/zip'] } },
    errors: ['not_found'],
  }),
  readTar: route({
    method: 'GET',
    path: '/jobs/{id}/files.tar.gz',
    summary: 'Download all files as a gzipped tar archive',
    params: job,
    success: { status: 200, body: { media: ['application/gzip'] } },
    errors: ['not_found'],
  }),
  readScreenshot: route({
    method: 'GET',
    path: '/jobs/{id}/screenshot.png',
    summary: 'A fresh picture of the live desktop',
    params: job,
    success: { status: 200, body: { media: ['image/png'] } },
    errors: ['not_found', 'conflict'],
  }),
  listRecordings: route({
    method: 'GET',
    path: '/jobs/{id}/recordings',
    summary: 'List the recordings of the job’s desktops, one for each run',
    params: job,
    success: { status: 200, body: z.object({ recordings: z.array(Recording) }) },
    errors: ['not_found'],
  }),
  readRecording: route({
    method: 'GET',
    path: '/jobs/{id}/recordings/{run}',
    summary: 'Read a recording: its records as they are stored, up to now',
    params: recordingOf,
    query: z.strictObject({
      from: whole('a number of milliseconds')
        .default(0)
        .describe('Milliseconds since the recording began: from the key picture at or before it on.'),
    }),
    success: { status: 200, body: { media: [recordingMedia] } },
    errors: ['not_found'],
  }),
  readReplay: route({
    method: 'GET',
    path: '/jobs/{id}/recordings/{run}/replay.html',
    summary: 'Download a recording as one page that plays it anywhere, without this server',
    params: recordingOf,
    success: { status: 200, body: { media: ['text/html'] } },
    errors: ['not_found'],
  }),
  readVideo: route({
    method: 'GET',
    path: '/jobs/{id}/recordings/{run}/replay.webm',
    summary:
      'Download a recording as a video, in which nothing stands still for more than two seconds; needs ffmpeg',
    params: recordingOf,
    success: { status: 200, body: { media: ['video/webm'] } },
    errors: ['not_found'],
  }),
  readControl: route({
    method: 'GET',
    path: '/jobs/{id}/control',
    summary: 'Who drives the desktop, who watches, who asks',
    params: job,
    query: z.strictObject({ viewer: ViewerId.optional() }),
    success: { status: 200, body: Control },
    errors: ['not_found'],
  }),
  requestControl: route({
    method: 'POST',
    path: '/jobs/{id}/control/request',
    summary: 'Ask to drive; where nobody does, the viewer drives at once',
    params: job,
    body: ControlCall,
    success: { status: 200, body: Control },
    errors: ['not_found', 'conflict', 'not_json'],
  }),
  takeControl: route({
    method: 'POST',
    path: '/jobs/{id}/control/take',
    summary: 'Drive, whoever did before',
    params: job,
    body: ControlCall,
    success: { status: 200, body: Control },
    errors: ['not_found', 'conflict', 'not_json'],
  }),
  giveControl: route({
    method: 'POST',
    path: '/jobs/{id}/control/give',
    summary: 'Let another viewer drive',
    params: job,
    body: ControlGift,
    success: { status: 200, body: Control },
    errors: ['not_found', 'conflict', 'not_json'],
  }),
  releaseControl: route({
    method: 'POST',
    path: '/jobs/{id}/control/release',
    summary: 'Drive no more, or ask no more',
    params: job,
    body: ControlCall,
    success: { status: 200, body: Control },
    errors: ['not_found', 'conflict', 'not_json'],
  }),
  sendInput: route({
    method: 'POST',
    path: '/jobs/{id}/input',
    summary:
      'Type and click on the live desktop; drives it where nobody does, and is refused where another viewer does',
    params: job,
    body: NewInput,
    success: { status: 204 },
    errors: ['not_found', 'conflict', 'not_json', 'too_large'],
  }),
  createShare: route({
    method: 'POST',
    path: '/jobs/{id}/shares',
    summary: 'Make a link that shows the desktop, or a recording from a moment on, to whoever has it',
    params: job,
    body: NewShare,
    success: { status: 201, body: MadeShare },
    errors: ['not_found', 'not_json', 'storage_full'],
  }),
  listShares: route({
    method: 'GET',
    path: '/jobs/{id}/shares',
    summary: 'The share links that are good now',
    params: job,
    success: { status: 200, body: z.object({ shares: z.array(Share) }) },
    errors: ['not_found'],
  }),
  deleteShare: route({
    method: 'DELETE',
    path: '/jobs/{id}/shares/{share}',
    summary: 'Revoke a share link; who watches by it is closed at once',
    params: job.extend({ share: ShareId }),
    success: { status: 204 },
    errors: ['not_found'],
  }),
  listModels: route({
    method: 'GET',
    path: '/models',
    summary: 'The models that the model server has',
    success: { status: 200, body: z.object({ models: z.array(ModelEntry) }) },
    errors: [],
  }),
  pullModel: route({
    method: 'POST',
    path: '/models/{name}/pull',
    summary:
      'Have a model server download a model: lines of PullProgress, in the end one with `success`, or an Error. The name may hold slashes',
    params: z.object({ name: ModelName }),
    success: { status: 200, body: { media: ['application/x-ndjson'] } },
    errors: ['not_found', 'unsupported'],
  }),
  readHealth: route({
    method: 'GET',
    path: '/health',
    summary: 'How the parts of this server do',
    success: { status: 200, body: Health },
    errors: [],
  }),
  readSettings: route({
    method: 'GET',
    path: '/settings',
    summary: 'What this server was started with, and the ranges of a job’s limits',
    success: { status: 200, body: Settings },
    errors: [],
  }),
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
} as const

export type Routes = typeof routes
export type RouteId = keyof Routes
