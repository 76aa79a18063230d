import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { JobLimits } from '@vitrine/contract/job.ts'
import { request } from 'undici'
import {
  createGateway,
  type Gateway,
  type GatewayOptions,
} from '../../packages/server/src/gateway/gateway.ts'
import type { Line } from '../../packages/server/src/gateway/lines.ts'

export type OpenGateway = AsyncDisposable & {
  gateway: Gateway
  /** What each job was said to wait for, in order; null where it no longer waits. */
  waits: { job: string; message: string | null }[]
  usage: { job: string; tokensIn: number; tokensOut: number }[]
  speeds: { job: string; tokensPerSecond: number }[]
  /** How many requests have come in whole. */
  received(): number
  /** The base URL at which a sandbox with that job calls; null: one that has none yet. */
  urlFor(job: string | null, limits?: Partial<JobLimits>): Promise<string>
}

/** A gateway that listens on loopback, at a port for each caller as there is a socket for each sandbox. */
export async function openGateway(
  options: Partial<GatewayOptions> & { upstreams: readonly string[] },
): Promise<OpenGateway> {
  const waits: OpenGateway['waits'] = []
  const usage: OpenGateway['usage'] = []
  const speeds: OpenGateway['speeds'] = []
  let received = 0
  const stack = new AsyncDisposableStack()
  const gateway = stack.use(
    createGateway({
      concurrencyPerUpstream: 1,
      maxContext: 8192,
      maxPredict: 2048,
      onWaiting: ({ job }, waiting) => waits.push({ job, message: waiting?.message ?? null }),
      onGenerating: ({ job }, { tokensPerSecond }) => speeds.push({ job, tokensPerSecond }),
      onCalled: ({ job }, { tokensIn, tokensOut }) => usage.push({ job, tokensIn, tokensOut }),
      log: { warn: () => {}, error: (...words: unknown[]) => console.error(...words) },
      ...options,
    }),
  )

  async function urlFor(job: string | null, limits: Partial<JobLimits> = {}): Promise<string> {
    const sandbox = `sandbox of ${job}`
    const spent = { calls: 0, tokensIn: 0, tokensOut: 0 }
    const budget = { limits: JobLimits.parse(limits), spent }
    const caller = job === null ? { sandbox, job } : { sandbox, job, run: 1, budget }
    const server = createServer((request, response) => {
      request.once('end', () => received++)
      gateway.handle(caller, request, response).catch((error: unknown) => {
        throw error
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    stack.defer(async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  return {
    gateway,
    waits,
    usage,
    speeds,
    received: () => received,
    urlFor,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** Posts JSON and reads the whole answer. */
export async function post(
  url: string,
  body: unknown,
): Promise<{ status: number; text: string; lines: Line[] }> {
  const response = await request(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await response.body.text()
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
  return { status: response.statusCode, text, lines }
}

/** Posts JSON and leaves the answer unread, with a connection that can be broken. */
export async function postUnread(
  url: string,
  body: unknown,
): Promise<{ response: Promise<IncomingMessage>; destroy(): void }> {
  const call = httpRequest(url, { method: 'POST', agent: false })
  const response = Promise.withResolvers<IncomingMessage>()
  call.on('response', response.resolve).on('error', response.reject)
  response.promise.catch(() => {})
  call.end(JSON.stringify(body))
  await once(call, 'finish')
  return { response: response.promise, destroy: () => call.destroy() }
}
