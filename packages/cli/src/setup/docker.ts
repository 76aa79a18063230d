import { request } from 'node:http'
import { json } from 'node:stream/consumers'

/** A Docker Engine that answers: where it is, as in DOCKER_HOST, and its version. */
export type Engine = { host: string; version: string }
/** Why none answers at a place: nothing listens, this user may not, or it listens and says nothing. */
export type Silence = { host: string; why: 'absent' | 'denied' | 'silent' | 'unsupported'; message: string }

/** Asks what listens at `host` for its version (https://docs.docker.com/reference/api/engine/). */
export async function askEngine(host: string, signal: AbortSignal): Promise<Engine | Silence> {
  const place = placeOf(host)
  if (!place) return { host, why: 'unsupported', message: 'only unix:// and tcp:// addresses are supported' }
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(5000)])
  try {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    request({ ...place, path: '/version', signal: bounded }, (response) => resolve(json(response)))
      .on('error', reject)
      .end()
    const { Version } = (await promise) as { Version?: string }
    if (Version !== undefined) return { host, version: Version }
    return { host, why: 'unsupported', message: 'what answers there is no Docker Engine' }
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EACCES' || code === 'EPERM' ? 'denied' : code === 'ABORT_ERR' ? 'silent' : 'absent'
    return { host, why, message }
  }
}

export const answers = (found: Engine | Silence): found is Engine => 'version' in found

function placeOf(host: string): { socketPath: string } | { host: string; port: string } | undefined {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) }
  if (!host.startsWith('tcp://') || !URL.canParse(host)) return undefined
  const { hostname, port } = new URL(host.replace('tcp:', 'http:'))
  return { host: hostname, port: port || '2375' }
}
