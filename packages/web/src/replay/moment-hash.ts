/** The moment that an address names, in milliseconds: `#t=83`, `#t=83.5&run=2`. Null where it names none. */
export function momentOf(hash: string): { time: number; run: number | null } | null {
  const wanted = new URLSearchParams(hash.replace(/^#/, ''))
  const seconds = /^\d{1,9}(\.\d{1,3})?$/.exec(wanted.get('t') ?? '')?.[0]
  if (seconds === undefined) return null
  const run = /^[1-9]\d{0,8}$/.exec(wanted.get('run') ?? '')?.[0]
  return { time: Number(seconds) * 1000, run: run === undefined ? null : Number(run) }
}

export const momentHash = (time: number, run: number) => `#t=${Math.floor(time / 100) / 10}&run=${run}`
