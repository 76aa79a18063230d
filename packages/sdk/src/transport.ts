import type { apiPrefix, RouteId, Routes } from '@vitrine/contract/routes.ts'
import { apiError, VitrineConnectionError } from './error.ts'

/** Every operation of the route table, written as `POST /jobs/{id}/cancel`. */
export type Operation = { [Id in RouteId]: OperationOf<Routes[Id]> }[RouteId]
type OperationOf<R> = R extends { method: infer M extends string; path: infer P extends string }
  ? `${M} ${P}`
  : never

type RouteOf<O extends Operation> = Extract<
  { [Id in RouteId]: { operation: OperationOf<Routes[Id]>; route: Routes[Id] } }[RouteId],
  { operation: O }
>['route']

/** What an operation answers with: the route's JSON, or `undefined` where it has no body. */
export type Answer<O extends Operation> = RouteOf<O>['success'] extends {
  body: { _zod: { output: infer Output } }
}
  ? Output
  : undefined

/** What every method takes. */
export type Options = { signal?: AbortSignal | undefined }

export type Query = Record<string, string | number | readonly string[] | undefined>

export type Request = {
  params?: Record<string, string>
  query?: Query
  headers?: Record<string, string>
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is. */
  content?: string | Uint8Array | Blob | ReadableStream<Uint8Array>
  accept?: string
  signal?: AbortSignal | undefined
}

const prefix: typeof apiPrefix = '/api/v1'

/** Sends the operations of the route table to one server. */
export class Transport {
  readonly #site: string
  readonly #base: string
  readonly #token: string | undefined
  readonly #fetch: typeof fetch

  constructor(base: string, token: string | undefined, fetch: typeof globalThis.fetch) {
    this.#site = base.replace(/\/+$/, '')
    this.#base = this.#site + prefix
    this.#token = token
    this.#fetch = fetch
  }

  /** Sends an operation and reads its JSON. */
  async json<O extends Operation>(operation: O, request: Request = {}): Promise<Answer<O>> {
    const response = await this.send(operation, request)
    const read = response.status === 204 ? undefined : this.#translate(() => response.json(), request.signal)
    return (await read) as Answer<O>
  }

  /** Sends an operation and leaves the body to the caller. Throws `VitrineApiError` unless it is a success. */
  async send(operation: Operation, request: Request = {}): Promise<Response> {
    const [method = '', path = ''] = operation.split(' ')
    const url = this.#base + fill(path, request.params ?? {}) + search(request.query ?? {})
    const init: RequestInit = { method, headers: this.#headers(request) }
    if (request.body !== undefined) init.body = JSON.stringify(request.body)
    // `duplex` is what fetch asks for where a body is a stream.
    if (request.content !== undefined) Object.assign(init, { body: request.content, duplex: 'half' })
    if (request.signal) init.signal = request.signal
    const response = await this.#translate(() => this.#fetch(url, init), request.signal)
    if (!response.ok) throw await apiError(response)
    return response
  }

  /** Opens a WebSocket at a path beside the API’s; in browsers the session’s cookie goes with it by itself. */
  webSocket(path: string, params: Record<string, string>, query: Query): WebSocket {
    const url = (this.#site + fill(path, params) + search(query)).replace(/^http/, 'ws')
    if (this.#token === undefined) return new WebSocket(url)
    // Node’s takes headers beside the protocols; browsers’ do not, and their types say so.
    const init = { headers: { authorization: `Bearer ${this.#token}` } }
    return new WebSocket(url, init as unknown as string[])
  }

  #headers(request: Request): Record<string, string> {
    return {
      accept: request.accept ?? 'application/json',
      ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(request.content !== undefined && { 'content-type': 'application/octet-stream' }),
      ...request.headers,
    }
  }

  async #translate<T>(attempt: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await attempt()
    } catch (error) {
      signal?.throwIfAborted()
      throw new VitrineConnectionError(`no answer from ${this.#base}: ${reason(error)}`, { cause: error })
    }
  }
}

/** Empty and dotted values would make another address of it: `DELETE /jobs/` for one job means all jobs. */
function fill(path: string, params: Record<string, string>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name] ?? ''
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${name} must not be ${JSON.stringify(value)}`)
    return encodeURIComponent(value)
  })
}

function search(query: Query): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [value].flat().map((one) => [key, String(one)]),
  )
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`
}

/** Node's fetch says only "fetch failed"; what happened is in the cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause instanceof AggregateError) return error.cause.errors.map(reason).join(', ')
  return error.cause instanceof Error ? error.cause.message : error.message
}
