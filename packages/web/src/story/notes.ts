import type { EventOf, JobEvent } from '../site.ts'
import { checkWord, outcomeWord, size, stateWord } from '../words.ts'

export function egressNote({
  method,
  host,
  port,
  allowed,
  why,
  count,
  bytesReceived,
  open,
}: EventOf<'egress.attempt'>['data']) {
  const what = `${method} ${host}${port === null ? '' : `:${port}`}${count === 1 ? '' : ` (${count} times)`}`
  const because = why === null ? '' : `: ${why}`
  if (!allowed) return `Refused ${what}${because}`
  return `Reached ${what}, ${size(bytesReceived)}${open ? ' by now' : ''}${because}`
}

export function desktopNote(to: 'closed' | 'opening' | 'live', message: string | null): string {
  const text = { closed: 'The desktop is closed', opening: 'The desktop opens', live: 'The desktop is live' }[
    to
  ]
  return message ? `${text}: ${message}` : text
}

/** What a listener should hear: milestones, never the stream of words. */
export function news(event: JobEvent): string | undefined {
  switch (event.type) {
    case 'job.state':
      return `${stateWord[event.data.to]}. ${event.data.reason?.message ?? ''}`.trim()
    case 'candidate.started':
      return `Candidate ${event.data.candidate} has begun.`
    case 'check.finished':
      return `${checkWord[event.data.result.check]}: ${event.data.result.passed ? 'yes' : 'no'}.`
    case 'verdict':
      return `Verdict: ${outcomeWord[event.data.verdict.outcome]}.`
    case 'desktop.state':
      return `${desktopNote(event.data.to, event.data.message)}.`
    default:
      return undefined
  }
}
