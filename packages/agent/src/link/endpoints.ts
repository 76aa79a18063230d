import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { fieldErrors } from '@vitrine/contract/error.ts'
import { JobLimits } from '@vitrine/contract/job.ts'
import { Assignment, Driven, Life, linkPaths, type AgentStatus } from '@vitrine/contract/link.ts'
import { TerminalSize } from '@vitrine/contract/terminal.ts'
import { listFiles, readOutput, writeOutput } from '../files/files.ts'
import type { XServer } from '../desktop/x-server.ts'
import { dialStream } from './link.ts'
import type { Outbox } from './outbox.ts'
import { passOnTo, untilOneCloses } from './relay.ts'
import { serveTerminal } from './terminal.ts'

/** Six times the longest task (every byte may be escaped in JSON) and room for a check. */
const bodyBytes = 3 * 1024 * 1024

export type Agent = {
  status(): AgentStatus
  /** False where another job was taken before, or another run that this one does not follow. */
  assign(assignment: Assignment): boolean
  cancel(run: number): void
  live(seconds: number): void
  driven(isDriven: boolean): void
  outbox: Outbox
  xServer: XServer
}

type Call = {
  stream: ServerHttp2Stream
  query: URLSearchParams
  agent: Agent
  /** Aborts as the request ends. */
  signal: AbortSignal
  /** Aborts as the link ends. */
  link: AbortSignal
}

/** Answers the server's requests on a link (`linkPaths` of the contract). */
export function serveEndpoints(session: ServerHttp2Session, agent: Agent): void {
  const ended = new AbortController()
  session.on('close', () => ended.abort())
  session.on('stream', (stream, headers) => {
    const gone = new AbortController()
    stream.on('close', () => gone.abort())
    stream.on('error', () => stream.destroy())
    answer(stream, headers, agent, gone.signal, ended.signal).catch((error: unknown) => refuse(stream, error))
  })
}

/** A schema's first use takes milliseconds. Taken in advance, no job waits for them. */
export function rehearseAssignment(): void {
  const work = { task: 'rehearse', followUp: null, language: 'python', check: null, program: null } as const
  const rest = { model: 'model', limits: JobLimits.parse({}), repeat: null, image: null, egress: [] }
  const example: Assignment = { job: 'job-000000000000', run: 1, mode: 'work', ...work, ...rest }
  Assignment.safeParse(example)
}

const endpoints: Record<string, (call: Call) => Promise<void>> = {
  [`GET ${linkPaths.status}`]: async ({ stream, agent }) => json(stream, agent.status()),

  [`PUT ${linkPaths.assignment}`]: async ({ stream, agent }) => {
    const assignment = await body(stream, Assignment)
    if (!agent.assign(assignment)) throw new Refusal(409, 'this sandbox has another assignment')
    done(stream)
  },

  [`POST ${linkPaths.cancel}`]: async ({ stream, query, agent }) => {
    agent.cancel(parse(z.coerce.number().int().min(1), query.get('run')))
    done(stream)
  },

  [`PUT ${linkPaths.life}`]: async ({ stream, agent }) => {
    agent.live((await body(stream, Life)).seconds)
    done(stream)
  },

  [`PUT ${linkPaths.driven}`]: async ({ stream, agent }) => {
    agent.driven((await body(stream, Driven)).driven)
    done(stream)
  },

  [`GET ${linkPaths.events}`]: async ({ stream, query, agent, signal }) => {
    const after = parse(z.coerce.number().int().min(0), query.get('after') ?? '0')
    stream.respond({ ':status': 200, 'content-type': 'application/x-ndjson' })
    const lines = async function* () {
      for await (const event of agent.outbox.after(after, signal)) yield `${JSON.stringify(event)}\n`
    }
    await pipeline(lines, stream)
  },

  [`POST ${linkPaths.acknowledge}`]: async ({ stream, agent }) => {
    agent.outbox.acknowledge((await body(stream, z.strictObject({ upTo: z.int().min(0) }))).upTo)
    done(stream)
  },

  [`POST ${linkPaths.desktop}`]: async ({ stream, query, agent, link }) => {
    const socket = await dialStream(query.get('ticket') ?? '', link)
    const desktop = await agent.xServer.connect(link, passOnTo(socket)).catch((error: unknown) => {
      socket.destroy()
      throw error
    })
    done(stream)
    await untilOneCloses(desktop, socket)
  },

  [`POST ${linkPaths.terminal}`]: async ({ stream, query }) => {
    const size = parse(TerminalSize, {
      columns: Number(query.get('columns')),
      rows: Number(query.get('rows')),
    })
    stream.respond({ ':status': 200 })
    await serveTerminal(stream, size)
  },

  [`GET ${linkPaths.files}`]: async ({ stream }) => json(stream, await listFiles()),

  [`GET ${linkPaths.file}`]: async ({ stream, query }) => {
    const file = await readOutput(query.get('path') ?? '')
    if ('refused' in file) throw new Refusal(404, file.refused)
    try {
      stream.respond({ ':status': 200, 'content-length': String(file.bytes) })
      await pipeline(file.content, stream)
    } finally {
      // Whoever asked may have gone before. A handle left open would end the process when it is collected as garbage.
      file.content.destroy()
    }
  },

  [`PUT ${linkPaths.file}`]: async ({ stream, query }) => {
    const refused = await writeOutput(query.get('path') ?? '', whole(stream)).catch(outOfRoom)
    if (refused) throw new Refusal(400, refused)
    done(stream)
  },
}

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  agent: Agent,
  signal: AbortSignal,
  link: AbortSignal,
): Promise<void> {
  const { pathname, searchParams } = new URL(String(headers[':path']), 'http://sandbox')
  const endpoint = endpoints[`${String(headers[':method'])} ${pathname}`]
  if (!endpoint) throw new Refusal(404, `there is no ${String(headers[':method'])} ${pathname}`)
  await endpoint({ stream, query: searchParams, agent, signal, link })
}

function refuse(stream: ServerHttp2Stream, error: unknown): void {
  if (stream.destroyed) return
  if (stream.headersSent) {
    stream.destroy()
    return
  }
  const status = error instanceof Refusal ? error.status : 500
  const message = error instanceof Error ? error.message : String(error)
  stream.respond({ ':status': status, 'content-type': 'application/json' })
  stream.end(JSON.stringify({ error: message }))
  // What is still sent of the request is passed over.
  stream.resume()
}

function json(stream: ServerHttp2Stream, value: object): void {
  stream.respond({ ':status': 200, 'content-type': 'application/json' })
  stream.end(JSON.stringify(value))
}

/** A stream that was reset ends like one that came to its end. */
async function* whole(stream: ServerHttp2Stream): AsyncGenerator<Buffer> {
  yield* chunksOf(stream)
  if (stream.aborted || stream.rstCode !== 0) throw new Refusal(400, 'the file broke off')
}

/** Whoever stops reading can still answer: without this the stream would be destroyed then. */
function chunksOf(stream: ServerHttp2Stream): AsyncIterable<Buffer> {
  return stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
}

function outOfRoom(error: NodeJS.ErrnoException): never {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    throw new Refusal(413, 'there is no room for it in /output')
  }
  throw error
}

function done(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 204 }, { endStream: true })
}

async function body<T extends z.ZodType>(stream: ServerHttp2Stream, schema: T): Promise<z.infer<T>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of chunksOf(stream)) {
    length += chunk.length
    if (length > bodyBytes) throw new Refusal(413, `the body is larger than ${bodyBytes} bytes`)
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  return parse(schema, parseJson(text))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Refusal(400, `the body is no JSON: ${String(error)}`)
  }
}

function parse<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const wrong = fieldErrors(result.error).map(({ path, message }) => (path ? `${path}: ${message}` : message))
  throw new Refusal(400, wrong.join('; '))
}
