import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'

/** All addresses of a name, in the order in which they should be tried. Throws where it has none. */
export type Resolve = (name: string, signal: AbortSignal) => Promise<readonly LookupAddress[]>

/** Of the four threads that the whole server has for files and names. */
const mostAtOnce = 2

/**
 * Resolves as every program of this machine does, its hosts file included. A name server that does not answer must not
 * take the server’s threads, so few names are resolved at once; who does not want to wait longer aborts.
 */
export function createResolver(): Resolve {
  const lanes: Promise<unknown>[] = Array.from({ length: mostAtOnce }, () => Promise.resolve())
  let next = 0

  return (name, signal) => {
    const lane = next
    next = (next + 1) % mostAtOnce
    const found = lanes[lane]!.then(() => {
      signal.throwIfAborted()
      return lookup(name, { all: true })
    })
    lanes[lane] = found.catch(() => undefined)
    return found
  }
}
