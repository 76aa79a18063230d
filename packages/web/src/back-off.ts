const firstMs = 500
const longestMs = 10_000

/** How long to wait before the next try, in milliseconds: doubling from half a second to ten, up to a quarter less by chance. */
export function backOff(failures: number, chance: () => number = Math.random): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 10))
  return Math.round(full * (1 - chance() / 4))
}
