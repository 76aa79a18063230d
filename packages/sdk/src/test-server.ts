import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer, json } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import { fieldErrors, VitrineError } from '@vitrine/contract/error.ts'
import { JobLimits, type Job } from '@vitrine/contract/job.ts'
import { apiPrefix, routes, type RouteId } from '@vitrine/contract/routes.ts'
import type { Route } from '@vitrine/contract/routes/route.ts'
import type { z } from 'zod'

export type Call = {
  route: RouteId
  params: Record<string, string>
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: unknown
  response: ServerResponse
}

/** Answers one call: with a JSON body, or with `undefined` after it wrote to `call.response` itself. */
export type Handler = (call: Call) => unknown

/**
 * A server that speaks the contract and nothing more, for tests: it knows each route's address, refuses bodies and
 * queries as the contract says, and leaves the answer to the test.
 */
export async function startTestServer(handlers: Partial<Record<RouteId, Handler>>) {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    answer(request, response, handlers, calls).catch((error: unknown) => fail(response, error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A finished job with a live desktop. */
export const sampleJob = (changes: Partial<Job> = {}): Job => ({
  id: 'job-0123456789ab',
  run: 1,
  task: 'Print the squares.',
  followUp: null,
  repeats: null,
  name: null,
  model: 'qwen3:0.6b',
  language: 'python',
  check: null,
  limits: JobLimits.parse({}),
  egress: [],
  labels: {},
  state: 'succeeded',
  phase: null,
  waiting: null,
  reason: null,
  verdict: { outcome: 'ran', program: 'print_the_squares.py', candidate: 1, candidates: 1, checks: [] },
  workTime: null,
  usage: { calls: 1, tokensIn: 10, tokensOut: 20 },
  tokensPerSecond: null,
  desktop: {
    state: 'live',
    url: 'http://localhost:6080/vnc.html',
    expiresAt: '2026-01-01T01:00:00.000Z',
  },
  createdAt: '2026-01-01T00:00:00.000Z',
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:00:05.000Z',
  ...changes,
})

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: Partial<Record<RouteId, Handler>>,
  calls: Call[],
): Promise<void> {
  const url = new URL(request.url ?? '', 'http://test')
  const found = find(request.method ?? '', url.pathname)
  if (!found) throw new VitrineError('not_found', `nothing at ${request.method} ${url.pathname}`)
  const { id, params } = found
  const definition: Route = routes[id]
  const body = definition.body && (await bodyOf(request, definition.body))
  if (definition.query) check(definition.query, queryObject(url.searchParams))
  const call = { route: id, params, query: url.searchParams, headers: request.headers, body, response }
  calls.push(call)
  const handler = handlers[id]
  if (!handler) throw new VitrineError('not_found', 'there is no such job')
  const result = await handler(call)
  if (result === undefined || response.headersSent) {
    if (!response.headersSent) response.writeHead(204).end()
    return
  }
  response.writeHead(definition.success.status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(result))
}

const bodyOf = async (request: IncomingMessage, type: NonNullable<Route['body']>) =>
  'media' in type ? buffer(request) : check(type, await json(request))

function find(method: string, pathname: string): { id: RouteId; params: Record<string, string> } | undefined {
  for (const [id, { method: expected, path }] of Object.entries(routes)) {
    if (method !== expected) continue
    const pattern = path.replaceAll('.', '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')
    const match = new RegExp(`^${apiPrefix}${pattern}$`).exec(pathname)
    if (!match) continue
    const params = Object.entries(match.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)])
    return { id: id as RouteId, params: Object.fromEntries(params) as Record<string, string> }
  }
  return undefined
}

function check(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new VitrineError('bad_request', 'wrong fields', fieldErrors(parsed.error))
  return parsed.data
}

const queryObject = (query: URLSearchParams) =>
  Object.fromEntries(
    [...new Set(query.keys())].map((key) => {
      const values = query.getAll(key)
      return [key, values.length === 1 ? values[0] : values]
    }),
  )

function fail(response: ServerResponse, error: unknown): void {
  const known = error instanceof VitrineError ? error : new VitrineError('internal', String(error))
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(known.status, { 'content-type': 'application/json' })
  response.end(
    JSON.stringify({ error: { code: known.code, message: known.message, details: known.details } }),
  )
}
