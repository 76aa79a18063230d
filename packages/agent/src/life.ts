/** Timers of Node hold at most 2³¹ − 1 ms, which is more than three weeks. */
const longest = 2 ** 31 - 1

/** When the sandbox ends itself: a monotonic timer that needs no server. The last word counts. */
export class Life {
  readonly #end: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(end: () => void) {
    this.#end = end
  }

  lasts(seconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#end, Math.min(longest, seconds * 1000))
  }

  isForEver(): void {
    clearTimeout(this.#timer)
  }
}
