type Area = { x: number; y: number; width: number; height: number }

const tile = 64
const remembered = 75_000
/** A place that changed in so many of the last seconds ticks, like a clock's hand or a cursor. */
const ticksFrom = 6
const stillAfter = 5000

export type Stillness = {
  see(areas: readonly Area[], time: number): void
  /** True where for five seconds nothing has changed but what ticks. */
  isStill(time: number): boolean
}

/** Tells the stretches of a recording in which nothing happens from those in which something does. */
export function createStillness(): Stillness {
  const seconds = new Map<number, number[]>()
  let lastNews = -Infinity

  function isNews(place: number, time: number): boolean {
    const second = Math.floor(time / 1000)
    const known = (seconds.get(place) ?? []).filter((one) => one > second - remembered / 1000)
    if (known.at(-1) !== second) known.push(second)
    seconds.set(place, known)
    return known.length < ticksFrom
  }

  return {
    see(areas, time) {
      // Every place is counted, news or not.
      const news = areas.flatMap(places).filter((place) => isNews(place, time))
      if (news.length > 0) lastNews = time
    },
    isStill: (time) => time - lastNews > stillAfter,
  }
}

function places({ x, y, width, height }: Area): number[] {
  const found: number[] = []
  for (let row = Math.floor(y / tile); row * tile < y + height; row++) {
    for (let column = Math.floor(x / tile); column * tile < x + width; column++)
      found.push(row * 1024 + column)
  }
  return found
}
