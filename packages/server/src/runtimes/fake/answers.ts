import type { ServerHttp2Stream } from 'node:http2'
import { buffer, json } from 'node:stream/consumers'
import { Assignment, Life, linkPaths, type AgentStatus, type FileList } from '@vitrine/contract/link.ts'
import { z } from 'zod'
import { fakeShell } from './shell.ts'
import { putFile, type FakeState } from './state.ts'

/** What the answers need of the agent. */
export type FakeLink = {
  state: FakeState
  /** Resolves at once, or when the agent is no longer frozen. */
  ready: () => Promise<void>
  begin: (assignment: Assignment) => void
  cancel: () => void
  /** The agent ends so many seconds from now. */
  live: (seconds: number) => void
}

/** Answers one request of the server as the link's contract says. Throws what reading a broken stream throws. */
export async function answer(
  stream: ServerHttp2Stream,
  method: string,
  path: string,
  link: FakeLink,
): Promise<void> {
  const url = new URL(path, 'http://agent')
  const found = answers[`${method} ${url.pathname}`]
  await link.ready()
  if (found) await found({ stream, link, query: url.searchParams })
  else reply(stream, 404)
}

type Request = { stream: ServerHttp2Stream; link: FakeLink; query: URLSearchParams }

const answers: Record<string, (request: Request) => Promise<void> | void> = {
  [`GET ${linkPaths.status}`]: ({ stream, link }) => {
    const assignment = link.state.assignment
    const status: AgentStatus = {
      agent: 'fake',
      desktop: 'ready',
      assignment: assignment && { job: assignment.job, run: assignment.run },
    }
    reply(stream, 200, status)
  },

  [`PUT ${linkPaths.assignment}`]: async ({ stream, link }) => {
    const assignment = await body(stream, Assignment)
    if (!assignment) return
    const before = link.state.assignment
    const isSame = before?.job === assignment.job && before.run === assignment.run
    const goesOn =
      before?.job === assignment.job && before.run < assignment.run && assignment.followUp !== null
    if (before && !isSame && !goesOn) return reply(stream, 409)
    if (!isSame) link.begin(assignment)
    reply(stream, 204)
  },

  [`POST ${linkPaths.cancel}`]: ({ stream, link, query }) => {
    if (link.state.assignment?.run === Number(query.get('run'))) link.cancel()
    reply(stream, 204)
  },

  [`PUT ${linkPaths.life}`]: async ({ stream, link }) => {
    const life = await body(stream, Life)
    if (!life) return
    link.live(life.seconds)
    reply(stream, 204)
  },

  [`GET ${linkPaths.events}`]: async ({ stream, link, query }) => {
    const closed = new AbortController()
    stream.once('close', () => closed.abort())
    stream.respond({ ':status': 200, 'content-type': 'application/x-ndjson' })
    for await (const event of link.state.events.follow(Number(query.get('after') ?? 0), closed.signal)) {
      await link.ready()
      stream.write(`${JSON.stringify(event)}\n`)
    }
  },

  [`POST ${linkPaths.acknowledge}`]: async ({ stream, link }) => {
    const acknowledged = await body(stream, z.object({ upTo: z.int() }))
    if (!acknowledged) return
    link.state.events.acknowledge(acknowledged.upTo)
    reply(stream, 204)
  },

  [`POST ${linkPaths.desktop}`]: async ({ stream, link }) => {
    stream.respond({ ':status': 200 })
    await link.state.desktop.serve(stream)
  },

  [`POST ${linkPaths.terminal}`]: async ({ stream, query }) => {
    stream.respond({ ':status': 200 })
    await fakeShell(stream, `${query.get('columns')} × ${query.get('rows')}`)
  },

  [`GET ${linkPaths.files}`]: ({ stream, link }) => {
    const files = [...link.state.files.values()].map(({ entry }) => entry)
    const list: FileList = { files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)), skipped: [] }
    reply(stream, 200, list)
  },

  [`GET ${linkPaths.file}`]: ({ stream, link, query }) => {
    const file = link.state.files.get(query.get('path') ?? '')
    if (!file) return reply(stream, 404)
    stream.respond({ ':status': 200, 'content-type': 'application/octet-stream' })
    stream.end(file.content)
  },

  [`PUT ${linkPaths.file}`]: async ({ stream, link, query }) => {
    const path = query.get('path')
    const content = await buffer(stream)
    if (!path) return reply(stream, 400)
    putFile(link.state, path, content)
    reply(stream, 204)
  },
}

/** The parsed body; null after a 400 that says what was wrong. */
async function body<Type>(stream: ServerHttp2Stream, schema: z.ZodType<Type>): Promise<Type | null> {
  const parsed = schema.safeParse(await json(stream).catch(() => undefined))
  if (parsed.success) return parsed.data
  reply(stream, 400, { error: z.prettifyError(parsed.error) })
  return null
}

function reply(stream: ServerHttp2Stream, status: number, value?: object): void {
  if (stream.destroyed) return
  stream.respond({ ':status': status, ...(value && { 'content-type': 'application/json' }) })
  stream.end(value && JSON.stringify(value))
}
