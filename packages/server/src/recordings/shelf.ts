import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { JobId } from '@vitrine/contract/job.ts'
import { nullIfMissing } from './scan.ts'

type Kept = { job: string; run: number; bytes: number; touched: number; isOpen: boolean }

export type ShelfLimits = {
  /** Bytes that the recordings of one job may take. */
  job: number
  /** Bytes that all recordings may take. */
  all: number
}

/** There is no room for more of this recording. */
export class ShelfFull extends Error {
  override name = 'ShelfFull'
}

/** How much recordings take, below `root` as `<job>/<run>`, and which of them go where that is too much: the oldest first. */
export class Shelf {
  readonly #root: string
  readonly #limits: ShelfLimits
  readonly #onDrop: (job: string, message: string) => void
  readonly #kept: Promise<Map<string, Kept>>

  constructor(root: string, limits: ShelfLimits, onDrop: (job: string, message: string) => void) {
    this.#root = root
    this.#limits = limits
    this.#onDrop = onDrop
    this.#kept = readKept(root)
    this.#kept.catch(() => {}) // who asks is told
  }

  path(job: string, run: number): string {
    return join(this.#folder(job), String(run))
  }

  async runs(job: string): Promise<number[]> {
    const all = [...(await this.#kept).values()]
    return all.filter((one) => one.job === job).map(({ run }) => run)
  }

  /** This recording is being written until what is returned is disposed of; it does not go meanwhile. */
  async hold(job: string, run: number): Promise<Disposable> {
    const kept = await this.#kept
    const key = this.path(job, run)
    const one = kept.get(key) ?? { job, run, bytes: 0, touched: 0, isOpen: false }
    kept.set(key, one)
    one.isOpen = true
    return { [Symbol.dispose]: () => void (one.isOpen = false) }
  }

  /** Counts what a recording that is held is about to grow by. Throws `ShelfFull` where nothing older can go for it. */
  async grow(job: string, run: number, bytes: number): Promise<void> {
    const kept = await this.#kept
    await this.#makeRoom(bytes, this.#limits.job, 'of one job', (one) => one.job === job)
    await this.#makeRoom(bytes, this.#limits.all, 'in all', () => true)
    const one = kept.get(this.path(job, run))
    if (!one) return
    one.bytes += bytes
    one.touched = Date.now()
  }

  async remove(job: string): Promise<void> {
    const kept = await this.#kept
    for (const [key, one] of kept) if (one.job === job) kept.delete(key)
    await rm(this.#folder(job), { recursive: true, force: true })
  }

  async #makeRoom(bytes: number, limit: number, which: string, counts: (one: Kept) => boolean) {
    const kept = await this.#kept
    const limitText = `recordings ${which} may take ${Math.floor(limit / 1024 / 1024)} MiB`
    for (;;) {
      const counted = [...kept].filter(([, one]) => counts(one))
      if (counted.reduce((sum, [, one]) => sum + one.bytes, bytes) <= limit) return
      const [oldest] = counted
        .filter(([, one]) => !one.isOpen)
        .toSorted(([, a], [, b]) => a.touched - b.touched)
      if (!oldest) throw new ShelfFull(limitText)
      const [key, { job, run }] = oldest
      kept.delete(key)
      await rm(key, { force: true })
      this.#onDrop(job, `The recording of run ${run} was dropped: ${limitText}.`)
    }
  }

  #folder(job: string): string {
    if (!JobId.safeParse(job).success) throw new Error(`${JSON.stringify(job)} is not a job’s id.`)
    return join(this.#root, job)
  }
}

async function readKept(root: string): Promise<Map<string, Kept>> {
  const kept = new Map<string, Kept>()
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(nullIfMissing)
  for (const entry of entries ?? []) {
    const path = join(entry.parentPath, entry.name)
    const [job, run] = path.slice(root.length + 1).split('/')
    if (!entry.isFile() || !job || !/^[1-9]\d*$/.test(run ?? '')) continue
    const { size, mtimeMs } = await stat(path)
    kept.set(path, { job, run: Number(run), bytes: size, touched: mtimeMs, isOpen: false })
  }
  return kept
}
