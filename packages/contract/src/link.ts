import { z } from 'zod'
import { EgressHosts } from './egress.ts'
import { AgentEvent } from './event.ts'
import { Check, JobId, JobLimits, Language, ModelName, Repeat, Task } from './job.ts'

/**
 * The link between a sandbox and the server.
 *
 * The server listens on a Unix socket of its own for each sandbox and mounts its folder at `linkDir`. The agent sends
 * `GET /link` with `Upgrade: vitrine-link` (RFC 9110, 7.8); after the 101 the roles turn: the agent serves HTTP/2 (RFC 9113,
 * prior knowledge) and the server is its client, with the paths below. The same socket takes plain HTTP/1.1 requests
 * for the gateway's paths (`/api/…`, `/v1/…`), those of a proxy (`CONNECT`, absolute form: RFC 9112, 3.2) for other hosts, and
 * `GET /stream/<ticket>` with `Upgrade: vitrine-stream` for desktops: after that 101 come bytes of RFB as they are. HTTP/2's
 * frames would cost each of them several times as much processor time.
 */
export const linkDir = '/run/vitrine'
export const linkSocket = `${linkDir}/link.sock`
export const linkProtocol = 'vitrine-link'
export const streamProtocol = 'vitrine-stream'
/**
 * Sent as `Vitrine-Link-Version`; the server refuses another number with 426, and jobs in such sandboxes fail as
 * `sandbox_lost`. Goes up with each change of what is said here, events included, that the other side would not take.
 */
export const linkVersion = 2

/** What the agent serves, over HTTP/2. */
export const linkPaths = {
  /** GET → AgentStatus */
  status: '/status',
  /**
   * PUT Assignment → 204; 409 when another one was taken before. The same one again is 204, and so is a follow-up of the
   * same job, which begins when the run before has ended.
   */
  assignment: '/assignment',
  /** POST ?run=n → 204: end the work of that run, if it is the present one; the desktop stays. */
  cancel: '/cancel',
  /** PUT Life → 204: how long from now until the sandbox ends itself. */
  life: '/life',
  /** PUT Driven → 204: whether somebody drives the desktop. Told as it changes, and with each new link. */
  driven: '/driven',
  /** GET ?after=n → NDJSON of NumberedEvent, first those kept, then live; stays open. */
  events: '/events',
  /** POST { upTo } → 204: the server has stored them. */
  acknowledge: '/events/ack',
  /**
   * POST ?ticket= → 204: a stream of RFB (RFC 6143) bytes to and from the X server is dialled, with this ticket. 200 where the
   * agent does not dial twice: the answer is the stream itself, in both directions.
   */
  desktop: '/desktop',
  /** POST ?columns=&rows=: a full-duplex stream of a shell; frames of `terminal.ts` in, what it prints out. */
  terminal: '/terminal',
  /** GET → FileList of /output */
  files: '/files',
  /** GET ?path= → bytes of one regular file. PUT ?path= → 204, written atomically. */
  file: '/files/content',
} as const

/** The desktop is `ready` once its RFB banner was read. */
export const AgentStatus = z.object({
  agent: z.string().describe('The agent’s version.'),
  desktop: z.enum(['starting', 'ready']),
  assignment: z.object({ job: JobId, run: z.int() }).nullable(),
})
export type AgentStatus = z.infer<typeof AgentStatus>

/**
 * What a sandbox is handed: one job, and after that only follow-ups of it. `show` opens a desktop again on files that the
 * server has put back; nothing is run.
 */
export const Assignment = z.object({
  job: JobId,
  run: z.int(),
  mode: z.enum(['work', 'show']),
  task: Task,
  /** What to change about the program that is there; null: to make one that does the task. */
  followUp: Task.nullable(),
  model: ModelName,
  language: Language,
  check: Check.nullable(),
  limits: JobLimits,
  egress: EgressHosts,
  program: z.string().nullable().describe('For `show`: the program’s file name, if one is known.'),
  /** The run to repeat; the server has put its records back under /output/.vitrine/. */
  repeat: Repeat.nullable(),
  image: z.string().nullable().describe('The digest of the image that the sandbox runs.'),
})
export type Assignment = z.infer<typeof Assignment>

export const Life = z.object({ seconds: z.number().min(0) })

/** While somebody drives, the agent opens no window over what they do; it opens them when they let go. */
export const Driven = z.object({ driven: z.boolean() })

/** An agent's event with its number: from 1 in each sandbox, without gaps. */
export const NumberedEvent = z.object({
  number: z.int().min(1),
  /** Absent: the present one; agents that know no follow-ups have no other. */
  run: z.int().optional(),
  event: AgentEvent,
})
export type NumberedEvent = z.infer<typeof NumberedEvent>

export const FileEntry = z.object({ path: z.string(), bytes: z.int(), modifiedAt: z.iso.datetime() })
export type FileEntry = z.infer<typeof FileEntry>

/** Regular files under /output, by relative path with `/`; what was passed over, and why. */
export const FileList = z.object({
  files: z.array(FileEntry),
  skipped: z.array(z.object({ path: z.string(), why: z.string() })),
})
export type FileList = z.infer<typeof FileList>
