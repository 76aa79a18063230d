import { createReadStream } from 'node:fs'
import { Readable, type Duplex } from 'node:stream'
import { headerBytes, recordingMagic } from '@vitrine/contract/recording.ts'
import { pause } from '../clock.ts'
import { openRfb } from '../desktops/rfb.ts'
import { recordDesktop } from './recorder.ts'
import { openRecordingFile } from './recording-file.ts'
import { createScanner, type Scan } from './scan.ts'
import { Shelf, ShelfFull, type ShelfLimits } from './shelf.ts'

/** Who comes with the job sees the desktop first: a recording's first picture takes 4 MB from the same X server. */
const firstLookMilliseconds = 250
/** A desktop that broke off is asked again after so long. */
const retryMilliseconds = 1000

export type RecordingsOptions = {
  root: string
  /** False: nothing new is recorded; what was stays. */
  isOn: boolean
  limits: ShelfLimits
  /** Something that the owner of a job should know of its recordings. */
  tell: (job: string, message: string) => void
}

type Live = { job: string; run: number; stop: AbortController; ended: Promise<void> }

/** The recordings of desktops: makes them while desktops are live, keeps them within their limits, gives them out. */
export class Recordings implements AsyncDisposable {
  readonly #options: RecordingsOptions
  readonly #shelf: Shelf
  readonly #scan = createScanner()
  readonly #live = new Set<Live>()

  constructor(options: RecordingsOptions) {
    this.#options = options
    this.#shelf = new Shelf(options.root, options.limits, options.tell)
  }

  /** Records the desktop that `open` gives for as long as `signal` lets it, again where it broke off. */
  async record(
    job: string,
    run: number,
    open: (signal: AbortSignal) => Promise<Duplex>,
    signal: AbortSignal,
  ): Promise<void> {
    if (!this.#options.isOn) return
    const before = this.#of(job, run).map(({ ended }) => ended)
    const stop = new AbortController()
    const ended = Promise.withResolvers<void>()
    const live: Live = { job, run, stop, ended: ended.promise }
    this.#live.add(live)
    const ending = AbortSignal.any([stop.signal, signal])
    try {
      await Promise.all(before)
      await this.#keepRecording(job, run, open, ending)
    } finally {
      this.#live.delete(live)
      ended.resolve()
    }
  }

  /** A job's recordings, the first run first. */
  async list(job: string): Promise<{ run: number; isLive: boolean; scan: Scan }[]> {
    const runs = await this.#shelf.runs(job)
    const all = runs
      .toSorted((a, b) => a - b)
      .map(async (run) => {
        const scan = await this.#scan(this.#shelf.path(job, run))
        return scan && scan.keys.length > 0 ? [{ run, isLive: this.#of(job, run).length > 0, scan }] : []
      })
    return (await Promise.all(all)).flat()
  }

  /**
   * The magic and the records of a recording from the last key picture at or before `from` (milliseconds since it began),
   * up to what is stored now. Null where there is none.
   */
  async read(job: string, run: number, from: number): Promise<Readable | null> {
    const path = this.#shelf.path(job, run)
    const scan = await this.#scan(path)
    const first = scan?.keys[0]
    if (!scan || !first) return null
    if (from === 0) return createReadStream(path, { end: scan.end - 1 })
    const { offset } = scan.keys.findLast(({ time }) => time <= from) ?? first
    return Readable.from(afterMagic(createReadStream(path, { start: offset, end: scan.end - 1 })))
  }

  /** Ends what is being recorded of a job, and removes all that was. */
  async remove(job: string): Promise<void> {
    await this.#end((live) => live.job === job)
    await this.#shelf.remove(job)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end(() => true)
  }

  async #keepRecording(
    job: string,
    run: number,
    open: (signal: AbortSignal) => Promise<Duplex>,
    signal: AbortSignal,
  ): Promise<void> {
    using _ = await this.#shelf.hold(job, run)
    await pause(firstLookMilliseconds, signal)
    while (!signal.aborted) {
      try {
        await this.#recordOnce(job, run, open, signal)
      } catch (error) {
        const why = whyNoMore(error)
        if (why !== null) return this.#options.tell(job, `The desktop is no longer recorded: ${why}.`)
      }
      await pause(retryMilliseconds, signal)
    }
  }

  async #recordOnce(
    job: string,
    run: number,
    open: (signal: AbortSignal) => Promise<Duplex>,
    signal: AbortSignal,
  ): Promise<void> {
    const path = this.#shelf.path(job, run)
    const desktop = await open(signal)
    try {
      const rfb = await openRfb(desktop, signal)
      await using file = await openRecordingFile(path, await this.#scan(path))
      const append: typeof file.append = async (kind, body) => {
        await this.#shelf.grow(job, run, headerBytes + body.length)
        await file.append(kind, body)
      }
      await recordDesktop(rfb, append, signal)
    } finally {
      desktop.destroy()
    }
  }

  #of(job: string, run: number): Live[] {
    return [...this.#live].filter((live) => live.job === job && live.run === run)
  }

  async #end(which: (live: Live) => boolean): Promise<void> {
    const ending = [...this.#live].filter(which)
    for (const { stop } of ending) stop.abort()
    await Promise.all(ending.map(({ ended }) => ended))
  }
}

async function* afterMagic(records: Readable): AsyncGenerator<Buffer> {
  yield Buffer.from(recordingMagic)
  yield* records
}

/** Where trying again would not help: in words; null where it may. */
function whyNoMore(error: unknown): string | null {
  if (error instanceof ShelfFull) return error.message
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'the state directory has no room' : null
}
