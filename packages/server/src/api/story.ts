import type { EgressAttempt } from '@vitrine/contract/egress.ts'
import type { JobEvent } from '@vitrine/contract/event.ts'

/**
 * The job's story as plain text, from its events: the model's words as they came, and a line for each step. Control
 * characters and bidirectional marks are shown as escapes, so that a log can't play tricks on a terminal.
 */
export class Story {
  #inText = false

  /** The text that these events add. */
  tell(events: readonly JobEvent[]): string {
    return events.map((event) => this.#tell(event)).join('')
  }

  #tell(event: JobEvent): string {
    if (event.type === 'candidate.text' || event.type === 'candidate.thinking') {
      this.#inText = true
      return harmless(event.data.text)
    }
    const line = lineOf(event)
    if (line === null) return ''
    const gap = this.#inText ? '\n' : ''
    this.#inText = false
    return `${gap}[${event.at.slice(11, 19)}] ${harmless(line)}\n`
  }
}

function lineOf(event: JobEvent): string | null {
  switch (event.type) {
    case 'job.state':
      return `job ${event.data.to}${event.data.reason ? `: ${event.data.reason.message}` : ''}`
    case 'job.prompted':
      return `asked: ${event.data.prompt}`
    case 'job.waiting':
      return event.data.waiting && `waiting: ${event.data.waiting.message}`
    case 'desktop.state':
      return `desktop ${event.data.to}${event.data.message ? `: ${event.data.message}` : ''}`
    case 'candidate.started':
      return `candidate ${event.data.candidate} (${event.data.kind}) from ${event.data.model}`
    case 'candidate.finished':
      return `candidate ${event.data.candidate}: ${counted(event.data.tokensOut, 'token')} in ${event.data.seconds.toFixed(1)} s`
    case 'check.finished': {
      const { check, passed, seconds, output, message } = event.data.result
      const end = output.trimEnd()
      const what = `check ${check} ${passed ? 'passed' : 'failed'} in ${seconds.toFixed(1)} s`
      return `${what}${message ? ` (${message})` : ''}${end ? `\n${end.replaceAll(/^/gm, '    ')}` : ''}`
    }
    case 'file.saved':
      return `saved ${event.data.path} (${counted(event.data.bytes, 'byte')})`
    case 'file.versioned':
      return `${event.data.path} was changed by hand; kept as ${event.data.version}`
    case 'files.kept':
      return `kept ${counted(event.data.files, 'file')} (${counted(event.data.bytes, 'byte')})`
    case 'verdict':
      return `verdict: ${event.data.verdict.outcome}`
    case 'log':
      return `${event.data.level === 'info' ? '' : `${event.data.level}: `}${event.data.message}`
    case 'egress.attempt':
      return attempted(event.data)
    case 'egress.more':
      return `and ${counted(event.data.allowed, 'more connection')}, ${counted(event.data.refused, 'more refusal')}`
    case 'model.called':
    case 'model.generating':
    case 'job.phase':
    case 'model.waiting':
    case 'candidate.asked':
    case 'check.started':
    case 'control.changed':
    case 'control.input':
    case 'terminal.output':
    case 'desktop.window':
    case 'candidate.text':
    case 'candidate.thinking':
      return null
  }
}

function attempted({
  method,
  host,
  port,
  allowed,
  why,
  count,
  bytesSent,
  bytesReceived,
  seconds,
  open,
}: EgressAttempt) {
  const what = `${method} ${host}${port === null ? '' : `:${port}`}`
  const times = count === 1 ? '' : ` (${count} times)`
  if (!allowed) return `refused ${what}${times}: ${why}`
  const ended = `${counted(bytesSent, 'byte')} out, ${bytesReceived} in, ${seconds.toFixed(1)} s`
  return `reached ${what}${times}: ${ended}${open ? ', goes on' : ''}${why === null ? '' : `; ${why}`}`
}

const counted = (count: number, one: string) => `${count} ${count === 1 ? one : `${one}s`}`

/** Escapes what a terminal acts on: C0 and C1 controls but tab and newline, and bidirectional overrides. */
export const harmless = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replaceAll(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
