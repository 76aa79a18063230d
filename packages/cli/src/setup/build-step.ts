/** What a line of `docker build` says about where the build is: of the classic builder, and of BuildKit's plain output. */
export function stepOf(line: string): string | undefined {
  const classic = /^Step (\d+)\/(\d+) : (.*)$/.exec(line)
  if (classic) return `step ${classic[1]} of ${classic[2]}: ${short(classic[3])}`
  const buildKit = /^#\d+ \[(?:\S+ )?(\d+)\/(\d+)\] (.*)$/.exec(line)
  if (buildKit) return `step ${buildKit[1]} of ${buildKit[2]}: ${short(buildKit[3])}`
  const apt = /^(?:#\d+ [\d.]+ )?((?:Get:\d+|Unpacking|Setting up) .*)$/.exec(line)
  return apt ? short(apt[1]) : undefined
}

const short = (text = '') => text.replace(/\s+/g, ' ').slice(0, 60)
