import type { ControlInput } from '@vitrine/contract/control.ts'

/** What a viewer does that is counted. */
export type Act = 'key' | 'click'

const toldEvery = 5_000

/** Counts what the holder of a lease does, and tells it every few seconds in which something was done. */
export class Activity {
  readonly #tell: (input: ControlInput) => void
  #holder = ''
  #counts = { key: 0, click: 0 }
  #timer: NodeJS.Timeout | undefined

  constructor(tell: (input: ControlInput) => void) {
    this.#tell = tell
  }

  did(holder: string, act: Act, times = 1): void {
    if (holder !== this.#holder) this.flush()
    this.#holder = holder
    this.#counts[act] += times
    this.#timer ??= setTimeout(() => this.flush(), toldEvery).unref()
  }

  /** Tells at once what was not told yet. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { key: keys, click: clicks } = this.#counts
    this.#counts = { key: 0, click: 0 }
    if (keys + clicks > 0) this.#tell({ holder: this.#holder, keys, clicks })
  }
}
