import type { JobEvent } from '@vitrine/contract/event.ts'
import type { EgressAttempt } from '@vitrine/contract/egress.ts'
import type { CheckResult, Verdict } from '@vitrine/contract/job.ts'
import { counted } from './counted.ts'
import { harmless, oneLine } from './harmless.ts'
import { painter } from './paint.ts'

/** Tells a job's events to a person as they come: the model's words, the checks, the verdict. */
export function storyteller(write: (text: string) => void, colors: boolean): (event: JobEvent) => void {
  const paint = painter(colors)
  let atLineStart = true
  let waitedFor = ''
  const words = (text: string, style?: 'dim') => {
    const safe = harmless(text)
    if (safe === '') return
    write(style ? paint(style, safe) : safe)
    atLineStart = safe.endsWith('\n')
  }
  const line = (text: string) => {
    write(`${atLineStart ? '' : '\n'}${text}\n`)
    atLineStart = true
  }

  return (event) => {
    switch (event.type) {
      case 'job.state': {
        const reason = event.data.reason ? `: ${oneLine(event.data.reason.message)}` : ''
        const style = { succeeded: 'green', failed: 'red', canceled: 'yellow' } as const
        const { to } = event.data
        return line(paint(to in style ? style[to as keyof typeof style] : 'dim', to + reason))
      }
      case 'job.prompted':
        return line(paint('bold', oneLine(event.data.prompt)))
      case 'job.waiting':
      case 'model.waiting': {
        const message = event.data.waiting ? oneLine(event.data.waiting.message) : ''
        // It is told again at each attempt; a person wants to read it once.
        if (message === '' || message === waitedFor) return undefined
        waitedFor = message
        return line(paint('yellow', `waiting: ${message}`))
      }
      case 'candidate.started': {
        const { candidate, kind, model } = event.data
        return line(paint('bold', `Candidate ${candidate} (${kind}) from ${oneLine(model)}`))
      }
      case 'candidate.thinking':
        return words(event.data.text, 'dim')
      case 'candidate.text':
        return words(event.data.text)
      case 'candidate.finished': {
        const { tokensOut, seconds, program } = event.data
        const missing = program === null ? '; the answer held no program' : ''
        return line(paint('dim', `${counted(tokensOut, 'token')} in ${seconds.toFixed(1)} s${missing}`))
      }
      case 'check.finished':
        return checked(event.data.result)
      case 'file.saved':
        return line(`saved ${oneLine(event.data.path)} (${counted(event.data.bytes, 'byte')})`)
      case 'file.versioned':
        return line(`${oneLine(event.data.path)} was changed by hand; kept as ${oneLine(event.data.version)}`)
      case 'desktop.state':
        return line(
          paint(
            'dim',
            `desktop ${event.data.to}${event.data.message ? `: ${oneLine(event.data.message)}` : ''}`,
          ),
        )
      case 'verdict':
        return line(
          paint(event.data.verdict.outcome === 'failed' ? 'red' : 'green', judged(event.data.verdict)),
        )
      case 'log':
        return line(paint(event.data.level === 'info' ? 'dim' : 'yellow', oneLine(event.data.message)))
      case 'files.kept':
        return line(
          paint('dim', `${counted(event.data.files, 'file')} kept (${counted(event.data.bytes, 'byte')})`),
        )
      case 'egress.attempt':
        return line(paint(event.data.allowed ? 'dim' : 'yellow', attempted(event.data)))
      case 'egress.more': {
        const { allowed, refused } = event.data
        return line(
          paint('yellow', `and ${counted(allowed, 'more connection')}, ${counted(refused, 'more refusal')}`),
        )
      }
      case 'model.called':
      case 'model.generating':
      case 'job.phase':
      case 'candidate.asked':
      case 'check.started':
      case 'control.changed':
      case 'control.input':
      case 'terminal.output':
      case 'desktop.window':
        return undefined
    }
  }

  function checked(result: CheckResult): void {
    const mark = result.passed ? paint('green', '✓') : paint('red', '✗')
    const message = result.message === undefined ? '' : `: ${oneLine(result.message)}`
    line(`${mark} ${result.check} ${paint('dim', `${result.seconds.toFixed(1)} s`)}${message}`)
    const output = harmless(result.output).trimEnd()
    if (output !== '') line(output.replace(/^/gm, paint('dim', '  │ ')))
  }
}

/** A line of the egress ledger. */
function attempted({ method, host, port, allowed, why, count, bytesReceived, open }: EgressAttempt): string {
  const what = `${method} ${oneLine(host)}${port === null ? '' : `:${port}`}${count === 1 ? '' : ` (${count} times)`}`
  const because = why === null ? '' : `: ${oneLine(why)}`
  if (!allowed) return `refused ${what}${because}`
  return `reached ${what}, ${counted(bytesReceived, 'byte')}${open ? ' by now' : ''}${because}`
}

/** A verdict in a few words. */
export function judged({ outcome, candidate, candidates, program }: Verdict): string {
  const file = program === null ? '' : ` (${oneLine(program)})`
  const number = candidate ? `number ${candidate}` : 'one'
  const which = candidates === 1 ? 'the only candidate' : `${number} of ${candidates} candidates`
  if (outcome === 'passed') return `verdict: ${which} passed its checks${file}`
  if (outcome === 'ran') return `verdict: ${which} ran without an error${file}`
  if (candidates === 1) return `verdict: ${which} did not pass${file}`
  return `verdict: none of ${candidates} candidates passed${file}`
}
