import type { Link } from '../links/link.ts'
import type { Links } from '../links/links.ts'
import type { ObservedSandbox, Runtime } from '../runtimes/runtime.ts'
import type { Sandbox } from './plan.ts'

type Known = ObservedSandbox & {
  pooled: boolean
  touched: number
  linkLostAt: number
  ready: boolean
  breach: string | null
}

/**
 * The sandboxes that there are: what the runtime listed last, corrected by what this server has done since, and whose
 * agents are linked with a desktop that shows its banner.
 */
export class Fleet {
  /** False while the runtime does not answer. */
  answers = false
  readonly #runtime: Runtime
  readonly #links: Links
  readonly #known = new Map<string, Known>()
  readonly #images = new Map<string, Promise<string | null>>()

  constructor(runtime: Runtime, links: Links) {
    this.#runtime = runtime
    this.#links = links
  }

  /** Lists anew. Entries that were touched after the listing began are left as they are. */
  async refresh(signal: AbortSignal): Promise<void> {
    const began = performance.now()
    let listed: ObservedSandbox[]
    try {
      listed = await this.#runtime.list(signal)
    } catch (error) {
      this.answers = false
      throw error
    }
    this.answers = true
    const ids = new Set(listed.map(({ id }) => id))
    for (const [id, known] of this.#known) if (!ids.has(id) && known.touched < began) this.#known.delete(id)
    for (const sandbox of listed) {
      const known = this.#known.get(sandbox.id)
      if (!known || known.touched < began) this.#put(sandbox, known?.pooled ?? false)
    }
  }

  /** Starts a sandbox; it is known from now on, as `starting` until its agent dials. */
  async start(id: string, size: { memoryMiB: number; cpus: number }, pooled: boolean, signal: AbortSignal) {
    // No listing knows better before it has started: one that lacks it would have a second one started.
    this.#put({ id, state: 'starting', exitCode: null, outOfMemory: false }, pooled, Infinity)
    try {
      await this.#links.listen(id)
      await this.#runtime.create({ id, linkFolder: this.#links.folderOf(id), ...size }, signal)
      this.#put(
        { id, state: 'running', exitCode: null, outOfMemory: false },
        this.#known.get(id)?.pooled ?? pooled,
      )
      // Asked for while its agent starts: whoever hands it a job then does not wait.
      void this.image(id, signal)
    } catch (error) {
      await this.remove(id, signal)
      throw error
    }
  }

  /** The digest of the image that a sandbox runs; null where the runtime can't tell. */
  image(id: string, signal: AbortSignal): Promise<string | null> {
    return this.#images.getOrInsertComputed(id, () =>
      this.#runtime.image(id, signal).catch(() => {
        this.#images.delete(id)
        return null
      }),
    )
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    await this.#runtime.remove(id, signal)
    await this.#links.close(id)
    this.#known.delete(id)
    this.#images.delete(id)
  }

  /** Takes a sandbox out of the pool; false if it is not in it any more. */
  take(id: string): boolean {
    const known = this.#known.get(id)
    if (!known?.pooled) return false
    known.pooled = false
    known.touched = performance.now()
    return true
  }

  /** Its agent is linked and its desktop has shown its banner. */
  linked(link: Link): void {
    if (!this.#known.has(link.sandbox)) {
      // Dialled before it was listed, as after a restart of the server: the link proves that it runs.
      this.#put({ id: link.sandbox, state: 'running', exitCode: null, outOfMemory: false }, false)
    }
    this.#known.get(link.sandbox)!.ready = true
    void link.closed.then(() => {
      if (this.#links.find(link.sandbox)) return
      const known = this.#known.get(link.sandbox)
      if (known) Object.assign(known, { ready: false, linkLostAt: performance.now() })
    })
  }

  /** Its agent broke the link's protocol. */
  distrust(sandbox: string, breach: string): void {
    const known = this.#known.get(sandbox)
    if (known) known.breach = breach
  }

  /** How many sandboxes wait in the pool, and how many are with jobs. */
  count(): { ready: number; busy: number } {
    const all = [...this.#known.values()]
    const ready = all.filter(({ pooled, ready }) => pooled && ready).length
    return { ready, busy: all.filter(({ pooled }) => !pooled).length }
  }

  view(): Map<string, Sandbox> {
    const now = performance.now()
    return new Map(
      [...this.#known].map(([id, known]) => [
        id,
        {
          ...known,
          link: known.ready ? 'ready' : 'none',
          linkLost: known.ready ? 0 : now - known.linkLostAt,
        },
      ]),
    )
  }

  #put(sandbox: ObservedSandbox, pooled: boolean, touched = performance.now()): void {
    const before = this.#known.get(sandbox.id)
    this.#known.set(sandbox.id, {
      ...sandbox,
      pooled,
      touched,
      ready: before?.ready ?? false,
      linkLostAt: before?.linkLostAt ?? performance.now(),
      breach: before?.breach ?? null,
    })
  }
}
