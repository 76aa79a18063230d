/** Why work ended before its verdict. */
export class TimeLimit extends Error {}

/** A job's work time. It stands still while the job waits for the model; `signal` aborts with `TimeLimit` at its end. */
export class WorkClock {
  readonly #end = new AbortController()
  #left: number
  #since = performance.now()
  #timer: NodeJS.Timeout | undefined
  readonly signal = this.#end.signal

  constructor(seconds: number) {
    this.#left = seconds * 1000
    this.resume()
  }

  remaining(): number {
    return Math.max(0, this.#timer ? this.#left - (performance.now() - this.#since) : this.#left) / 1000
  }

  pause(): void {
    if (!this.#timer) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#left -= performance.now() - this.#since
  }

  resume(): void {
    if (this.#timer) return
    this.#since = performance.now()
    this.#timer = setTimeout(() => this.#end.abort(new TimeLimit()), Math.max(0, this.#left))
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}
