export interface StopFilter {
  /** Takes new text; gives what may be shown now, and whether a stop string was met (what follows it is dropped). */
  push(text: string): { text: string; stopped: boolean }
  /** Gives what was held back, once no more text comes. */
  flush(): string
}

/**
 * Cuts streamed text at the first of the given stop strings, wherever the chunk borders fall. Text that could be the
 * beginning of a stop string is held back until it is decided.
 */
export function stopFilter(stops: readonly string[]): StopFilter {
  const wanted = stops.filter((stop) => stop !== '')
  let held = ''
  return {
    push(text) {
      held += text
      const at = firstIndex(held, wanted)
      if (at >= 0) {
        const shown = held.slice(0, at)
        held = ''
        return { text: shown, stopped: true }
      }
      const safe = held.length - longestOverlap(held, wanted)
      const shown = held.slice(0, safe)
      held = held.slice(safe)
      return { text: shown, stopped: false }
    },
    flush() {
      const rest = held
      held = ''
      return rest
    },
  }
}

function firstIndex(text: string, stops: readonly string[]): number {
  const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
  return found.length === 0 ? -1 : Math.min(...found)
}

/** The length of the longest end of `text` that is the beginning of a stop string. */
function longestOverlap(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length
    }
  }
  return longest
}
