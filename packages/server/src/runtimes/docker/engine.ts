import type { Readable } from 'node:stream'
import { z } from 'zod'
import { connectEngine, type EngineVersions } from './connection.ts'
import type { ContainerBody } from './container.ts'

/** The calls of the Docker Engine API that sandboxes need (https://docs.docker.com/reference/api/engine/). */
export type Engine = {
  versions: (signal: AbortSignal) => Promise<EngineVersions>
  /** False where the engine does not have the image. */
  hasImage: (name: string, signal: AbortSignal) => Promise<boolean>
  createContainer: (name: string, body: ContainerBody, signal: AbortSignal) => Promise<Created>
  /** One that runs already is no error. */
  startContainer: (id: string, signal: AbortSignal) => Promise<void>
  /** Removes it at once, with its anonymous volumes; one that is gone already is no error. */
  removeContainer: (id: string, signal: AbortSignal) => Promise<void>
  /** All containers, running or not, that carry every one of the labels. */
  listContainers: (labels: Record<string, string>, signal: AbortSignal) => Promise<Listed[]>
  /** By id or name; null where there is none. */
  inspectContainer: (id: string, signal: AbortSignal) => Promise<Inspected | null>
  /** NDJSON of EngineEvent for containers with these labels, from `since` (seconds of the epoch) on, without end. */
  events: (labels: Record<string, string>, since: number, signal: AbortSignal) => Promise<Readable>
}

export type Created = { outcome: 'created'; id: string } | { outcome: 'name taken' } | { outcome: 'no image' }

const Listed = z.object({
  Id: z.string(),
  State: z.enum(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']),
  Labels: z.record(z.string(), z.string()),
})
export type Listed = z.infer<typeof Listed>

const Inspected = z.object({
  Id: z.string(),
  Image: z.string(),
  State: z.object({ ExitCode: z.int(), OOMKilled: z.boolean() }),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  HostConfig: z.object({ NetworkMode: z.string() }),
  NetworkSettings: z.object({
    Ports: z.record(z.string(), z.array(z.object({ HostIp: z.string() })).nullable()).nullish(),
  }),
  Mounts: z.array(z.object({ Source: z.string().default(''), Destination: z.string() })),
})
export type Inspected = z.infer<typeof Inspected>

export const EngineEvent = z.object({
  Action: z.string(),
  Actor: z.object({ Attributes: z.record(z.string(), z.string()) }),
  time: z.int(),
})

const startLimitMs = 60_000

export function dockerEngine(dockerHost: string): Engine {
  const { call, open, versions } = connectEngine(dockerHost)

  return {
    versions,

    hasImage: async (name, signal) => {
      const path = `/images/${name.split('/').map(encodeURIComponent).join('/')}/json`
      const what = `look for the image ${name}`
      const { status } = await call({ method: 'GET', path, what, expected: [404] }, signal)
      return status === 200
    },

    createContainer: async (name, body, signal) => {
      const answer = await call(
        {
          method: 'POST',
          path: '/containers/create',
          query: { name },
          body,
          what: `create the container ${name}`,
          expected: [404, 409],
          limitMs: startLimitMs,
        },
        signal,
      )
      if (answer.status === 404) return { outcome: 'no image' }
      if (answer.status === 409) return { outcome: 'name taken' }
      return { outcome: 'created', id: z.object({ Id: z.string() }).parse(answer.body).Id }
    },

    startContainer: async (id, signal) => {
      const path = `/containers/${id}/start`
      await call({ method: 'POST', path, what: `start the container ${id}`, limitMs: startLimitMs }, signal)
    },

    removeContainer: async (id, signal) => {
      const path = `/containers/${id}`
      const query = { force: 'true', v: 'true' }
      // 409: somebody else's removal of it is under way.
      const expected = [404, 409]
      await call({ method: 'DELETE', path, query, what: `remove the container ${id}`, expected }, signal)
    },

    listContainers: async (labels, signal) => {
      const query = { all: 'true', filters: filters(labels) }
      const answer = await call(
        { method: 'GET', path: '/containers/json', query, what: 'list containers' },
        signal,
      )
      return z.array(Listed).parse(answer.body)
    },

    inspectContainer: async (id, signal) => {
      const path = `/containers/${encodeURIComponent(id)}/json`
      const what = `inspect the container ${id}`
      const answer = await call({ method: 'GET', path, what, expected: [404] }, signal)
      return answer.status === 404 ? null : Inspected.parse(answer.body)
    },

    events: (labels, since, signal) => {
      const query = {
        since: String(since),
        filters: filters(labels, { type: ['container'], event: telling }),
      }
      return open({ method: 'GET', path: '/events', query, what: 'tell its events' }, signal)
    },
  }
}

/** The events after which `list` may read differently. */
const telling = ['create', 'start', 'die', 'oom', 'pause', 'unpause', 'destroy']

const filters = (labels: Record<string, string>, more: Record<string, string[]> = {}) =>
  JSON.stringify({ label: Object.entries(labels).map(([key, value]) => `${key}=${value}`), ...more })
