import type { Readable } from 'node:stream'
import { VitrineError } from '@vitrine/contract/error.ts'
import { Pool } from 'undici'
import { z } from 'zod'
import { parseDockerHost } from './address.ts'

export type EngineCall = {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  query?: Record<string, string>
  body?: object
  /** What is tried, to follow "Docker could not": `start sandbox sbx-…`. */
  what: string
  /** Statuses of 400 and above that are an answer, not a fault. */
  expected?: readonly number[]
  limitMs?: number
}

export type EngineAnswer = { status: number; body: unknown }

/**
 * HTTP to a Docker engine. Every call ends within `limitMs` (10 s) or when `signal` aborts; it throws `unavailable` where
 * the engine does not answer or refuses, and the signal's reason when that aborted.
 */
export type EngineConnection = {
  /** One call of the negotiated API version. The body is parsed JSON, or text where it is none. */
  call: (call: EngineCall, signal: AbortSignal) => Promise<EngineAnswer>
  /** The same, but the body is a stream without a time limit; the limit holds for its head. */
  open: (call: EngineCall, signal: AbortSignal) => Promise<Readable>
  versions: (signal: AbortSignal) => Promise<EngineVersions>
}

export const EngineVersions = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  MinAPIVersion: z.string().default('1.12'),
})
export type EngineVersions = z.infer<typeof EngineVersions>

const defaultLimitMs = 10_000

export function connectEngine(dockerHost: string): EngineConnection {
  const { origin, socketPath } = parseDockerHost(dockerHost)
  const pool = new Pool(origin, { connections: 64, ...(socketPath && { socketPath }) })
  let prefix: string | null = null

  const send = async (call: EngineCall, signal: AbortSignal, limit: AbortSignal) => {
    const query = call.query ? `?${new URLSearchParams(call.query).toString()}` : ''
    return pool.request({
      method: call.method,
      path: call.path + query,
      signal: AbortSignal.any([signal, limit]),
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(call.body && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(call.body),
      }),
    })
  }

  const raw = async (call: EngineCall, signal: AbortSignal): Promise<EngineAnswer> => {
    const limitMs = call.limitMs ?? defaultLimitMs
    const limit = AbortSignal.timeout(limitMs)
    try {
      const { statusCode: status, body } = await send(call, signal, limit)
      return accept(call, status, await body.text())
    } catch (error) {
      prefix = null // the engine that answers next may be another version
      throw translate(error, { call, dockerHost, signal, limit, limitMs })
    }
  }

  const versions = async (signal: AbortSignal) => {
    const answer = await raw({ method: 'GET', path: '/version', what: 'tell its version' }, signal)
    const parsed = EngineVersions.safeParse(answer.body)
    if (parsed.success) return parsed.data
    throw new VitrineError(
      'unavailable',
      `What answers at ${dockerHost} is not Docker: its /version has no API version. Set DOCKER_HOST to where Docker listens.`,
    )
  }
  const versioned = async (call: EngineCall, signal: AbortSignal): Promise<EngineCall> => {
    prefix ??= `/v${chooseVersion(await versions(signal))}`
    return { ...call, path: prefix + call.path }
  }

  return {
    versions,
    call: async (call, signal) => raw(await versioned(call, signal), signal),
    open: async (call, signal) => {
      const limit = new AbortController()
      const timer = setTimeout(() => limit.abort(), defaultLimitMs)
      try {
        const { statusCode, body } = await send(await versioned(call, signal), signal, limit.signal)
        if (statusCode >= 400) accept(call, statusCode, await body.text())
        return body
      } catch (error) {
        throw translate(error, { call, dockerHost, signal, limit: limit.signal, limitMs: defaultLimitMs })
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

/**
 * The API version to speak: 1.44, which Docker 25 to 29 have, or the nearest that the engine has. 1.40 is the lowest that
 * knows all we use (https://docs.docker.com/reference/api/engine/version-history/).
 */
export function chooseVersion(engine: EngineVersions): string {
  const [least, most] = [minor(engine.MinAPIVersion), minor(engine.ApiVersion)]
  if (most < 40) {
    throw new VitrineError(
      'unavailable',
      `Docker ${engine.Version} is too old: it speaks API ${engine.ApiVersion}, and 1.40 is needed. Install Docker 20.10 or later.`,
    )
  }
  return `1.${Math.min(Math.max(44, least), most)}`
}

const minor = (version: string) => Number(version.split('.')[1])

function accept(call: EngineCall, status: number, text: string): EngineAnswer {
  const body = parseJson(text)
  if (status < 400 || call.expected?.includes(status)) return { status, body }
  const refusal = Refusal.safeParse(body)
  const reason = refusal.success ? refusal.data.message : text
  throw new VitrineError('unavailable', `Docker could not ${call.what}: ${reason.trim()} (status ${status}).`)
}

const Refusal = z.object({ message: z.string() })

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

type Attempt = {
  call: EngineCall
  dockerHost: string
  signal: AbortSignal
  limit: AbortSignal
  limitMs: number
}

function translate(error: unknown, { call, dockerHost, signal, limit, limitMs }: Attempt): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof VitrineError) return error
  const message = limit.aborted
    ? `Docker at ${dockerHost} did not ${call.what} within ${limitMs / 1000} s. If it stays so, restart it: systemctl restart docker.`
    : unreachable(dockerHost, error)
  return new VitrineError('unavailable', message)
}

function unreachable(dockerHost: string, error: unknown): string {
  const { code = '', message: text } = Failure.parse(error)
  const message = text || code // the error of several addresses tried has no text
  if (code === 'EACCES' || code === 'EPERM') {
    return `This user may not use Docker at ${dockerHost} (${message}). Run as root or join the group "docker".`
  }
  return `Docker does not answer at ${dockerHost} (${message}). Start it (systemctl start docker), or set DOCKER_HOST to where it listens.`
}

const Failure = z.object({ code: z.string().optional(), message: z.string() })
