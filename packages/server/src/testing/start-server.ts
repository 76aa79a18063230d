import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobEvent } from '@vitrine/contract/event.ts'
import type { Job, NewJobInput } from '@vitrine/contract/job.ts'
import pino from 'pino'
import { readConfig } from '../config.ts'
import { fakeRuntime, type FakeRuntime } from '../runtimes/fake.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import { serve } from '../serve.ts'
import { webPages } from './web-pages.ts'

export type TestServer = AsyncDisposable & {
  url: string
  token: string
  stateDir: string
  /** A request with the token; `path` is below /api/v1. */
  api: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Response>
  create: (job: NewJobInput) => Promise<Job>
  get: (id: string) => Promise<Job>
  /** Follows the job's events until one makes `until` true; all of them up to there. */
  follow: (id: string, until: (event: JobEvent) => boolean) => Promise<JobEvent[]>
  /** Waits for a state of the job, or for what `until` wants of it. */
  reach: (id: string, until: Job['state'] | ((job: Job) => boolean)) => Promise<Job>
  /** Stops the server and starts another one on the same state and runtime. */
  restart: () => Promise<void>
}

export type TestServerOptions = {
  runtime?: Runtime
  environment?: Record<string, string>
}

/** A whole server in this process, on a state directory of its own and, unless another is given, on the fake runtime. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  await using stack = new AsyncDisposableStack()
  const stateDir = await mkdtemp(join(tmpdir(), 'vitrine-test-'))
  // A server that stops does not wait for files that it still takes over.
  stack.defer(() => rm(stateDir, { recursive: true, force: true, maxRetries: 10 }))
  const runtime = options.runtime ?? stack.use<FakeRuntime>(fakeRuntime())
  const config = readConfig({
    VITRINE_STATE_DIR: stateDir,
    VITRINE_PORT: String(await freePort()),
    VITRINE_DESKTOP_PORTS: 'off',
    VITRINE_POOL: '1',
    VITRINE_WEB_DIR: await webPages(stateDir),
    ...options.environment,
  })
  const start = () =>
    serve(config, {
      runtimeFor: async () => runtime,
      log: pino({
        level: process.env['TEST_LOG'] ?? 'silent',
        serializers: { error: pino.stdSerializers.err },
      }),
    })
  let server = await start()
  stack.defer(() => server[Symbol.asyncDispose]())
  const { url } = server
  const token = (await readFile(join(stateDir, 'token'), 'utf8')).trim()

  const api: TestServer['api'] = (method, path, body, headers) =>
    fetch(`${url}api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  const get = async (id: string) => read<Job>(await api('GET', `/jobs/${id}`))
  const follow: TestServer['follow'] = async (id, until) => {
    const events: JobEvent[] = []
    const response = await api('GET', `/jobs/${id}/events`, undefined, { accept: 'application/x-ndjson' })
    for await (const line of lines(response)) {
      const event = JSON.parse(line) as JobEvent
      events.push(event)
      if (until(event)) return events
    }
    throw new Error(
      `the events of ${id} ended: ${JSON.stringify(events.map(({ type, data }) => [type, data]))}`,
    )
  }
  const whole = stack.move()
  return {
    url,
    token,
    stateDir,
    api,
    get,
    follow,
    create: async (job) => read<Job>(await api('POST', '/jobs', job)),
    reach: async (id, until) => {
      const reached = typeof until === 'string' ? (job: Job) => job.state === until : until
      let job = await get(id)
      if (reached(job)) return job
      // Each event is a reason to look again; the job's own state is what counts.
      const response = await api('GET', `/jobs/${id}/events`, undefined, { accept: 'application/x-ndjson' })
      for await (const _ of lines(response)) {
        job = await get(id)
        if (reached(job)) return job
      }
      throw new Error(`job ${id} did not get there: ${JSON.stringify(job)}`)
    },
    restart: async () => {
      await server[Symbol.asyncDispose]()
      server = await start()
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  }
}

async function read<T>(response: Response): Promise<T> {
  const body = await response.text()
  if (!response.ok) throw new Error(`${response.status}: ${body}`)
  return JSON.parse(body) as T
}

async function* lines(response: Response): AsyncGenerator<string> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body!) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop()!
    yield* parts.filter((line) => line !== '')
  }
}

async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const server = createServer()
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resolve(port))
  })
  return promise
}
