import type { JobEvent } from '../site.ts'

/** What terminals printed, and at how many milliseconds of a recording. */
export type Printed = { time: number; text: string }

const charactersShown = 16 * 1024

/** What the terminals of a run printed, on its recording’s axis of time. */
export function printedIn(
  events: readonly JobEvent[],
  recording: { run: number; startedAt: string },
): Printed[] {
  const begin = Date.parse(recording.startedAt)
  return events.flatMap((event) => {
    if (event.type !== 'terminal.output' || event.run !== recording.run) return []
    const { text, missing } = event.data
    const gap = missing > 0 ? `\n… ${missing} characters are not kept …\n` : ''
    return [{ time: Math.max(0, Date.parse(event.at) - begin), text: gap + text }]
  })
}

/** What the first `count` of these look like, one after the other: the end of it, where it is long. */
export function textOf(printed: readonly Printed[], count: number): string {
  let text = ''
  for (let at = count - 1; at >= 0 && text.length < charactersShown; at--) text = printed[at]!.text + text
  return text.slice(-charactersShown)
}
