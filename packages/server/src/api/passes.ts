import { addAbortListener } from 'node:events'
import type { ServerResponse } from 'node:http'
import { finished, type Duplex } from 'node:stream'
import { now } from '../clock.ts'

/** What somebody comes in by, where it can end or be revoked. */
export type Pass = {
  kind: 'API token' | 'session' | 'share link'
  id: string
  /** Null: it is good until it is revoked. */
  endsAt: number | null
}

/** Node’s timers go no further, 24.8 days; who is cut off then and may still come in connects again. */
const longestTimer = 2 ** 31 - 1

/** What is open by each pass, so that it ends when the pass does. */
export class Passes {
  readonly #open = new Map<string, Set<AbortController>>()
  /** Remembered for whoever was let in just before and opens something just after. */
  readonly #revoked = new Set<string>()

  /** A signal for what this pass opens: it aborts, with a sentence as its reason, when the pass is good no longer. */
  admit({ kind, id, endsAt }: Pass, opened: ServerResponse | Duplex): AbortSignal {
    if (this.#revoked.has(id)) return AbortSignal.abort(revoked(kind))
    const ending = new AbortController()
    const open = this.#open.getOrInsertComputed(id, () => new Set())
    open.add(ending)
    const end = () => ending.abort(`the ${kind} has ended`)
    const timer =
      endsAt === null ? undefined : setTimeout(end, Math.min(endsAt - now(), longestTimer)).unref()
    finished(opened, () => {
      clearTimeout(timer)
      open.delete(ending)
      if (open.size === 0 && this.#open.get(id) === open) this.#open.delete(id)
    })
    return ending.signal
  }

  /** Lets nobody take what came until then for a whole answer. */
  breakOff(pass: Pass, response: ServerResponse): void {
    addAbortListener(this.admit(pass, response), () => response.destroy())
  }

  /** Ends at once what is open by this pass. */
  revoke({ kind, id }: Pick<Pass, 'kind' | 'id'>): void {
    this.#revoked.add(id)
    for (const ending of this.#open.get(id) ?? []) ending.abort(revoked(kind))
  }
}

const revoked = (kind: Pass['kind']) => `the ${kind} was revoked`
