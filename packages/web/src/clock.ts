/** A place in a recording as people read it: `1:03`, `1:00:03`. */
export function clock(milliseconds: number): string {
  const whole = Math.floor(milliseconds / 1000)
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (part: number) => String(part).padStart(2, '0')
  return h > 0 ? `${h}:${two(min)}:${two(s)}` : `${min}:${two(s)}`
}
