/** What a recording may cost in the long run, and at once: bytes stored, and bytes of pixels read and compressed. */
const stored = { aSecond: 2_000_000 / 60, atOnce: 1_000_000 }
const pixels = { aSecond: 4_000_000, atOnce: 24_000_000 }
const shortest = 200
const longest = 60_000

export type Pace = {
  spend(storedBytes: number, pixelBytes: number): void
  /** Milliseconds to wait before the next update is asked for. */
  rest(): number
}

/** Two leaky buckets: 2 MB a minute stored, and pixels that cost about 3 % of a core; five updates a second at most. */
export function createPace(clock: () => number = () => performance.now()): Pace {
  let debts = { stored: 0, pixels: 0 }
  let settledAt = clock()

  function settle(): void {
    const seconds = (clock() - settledAt) / 1000
    settledAt += seconds * 1000
    debts = {
      stored: Math.max(0, debts.stored - seconds * stored.aSecond),
      pixels: Math.max(0, debts.pixels - seconds * pixels.aSecond),
    }
  }

  return {
    spend(storedBytes, pixelBytes) {
      settle()
      debts = { stored: debts.stored + storedBytes, pixels: debts.pixels + pixelBytes }
    },
    rest() {
      settle()
      const seconds = Math.max(
        (debts.stored - stored.atOnce) / stored.aSecond,
        (debts.pixels - pixels.atOnce) / pixels.aSecond,
      )
      return Math.min(longest, Math.max(shortest, seconds * 1000))
    },
  }
}
