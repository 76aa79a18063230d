/** A place in a recording as people read it: `1:03`, `1:00:03`. */
export function clock(milliseconds: number): string {
  const whole = Math.floor(milliseconds / 1000)
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (part: number) => String(part).padStart(2, '0')
  return h > 0 ? `${h}:${two(min)}:${two(s)}` : `${min}:${two(s)}`
}

/** The moment that an address names, in milliseconds: `#t=83`, `#t=83.5&run=2`. Null where it names none. */
export function momentOf(hash: string): { time: number; run: number | null } | null {
  const wanted = new URLSearchParams(hash.replace(/^#/, ''))
  const seconds = /^\d{1,9}(\.\d{1,3})?$/.exec(wanted.get('t') ?? '')?.[0]
  if (seconds === undefined) return null
  const run = /^[1-9]\d{0,8}$/.exec(wanted.get('run') ?? '')?.[0]
  return { time: Number(seconds) * 1000, run: run === undefined ? null : Number(run) }
}

export const momentHash = (time: number, run: number) => `#t=${Math.floor(time / 100) / 10}&run=${run}`
