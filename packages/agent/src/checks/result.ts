import type { CheckResult } from '@vitrine/contract/job.ts'
import type { Ended } from './run-program.ts'

const shownOutput = 4096

/** A check's evidence, from how its program ended. */
export function result(check: CheckResult['check'], ended: Ended): CheckResult {
  const serving = ended.how === 'left running'
  const message = serving
    ? 'It shows a window or serves a port, and was still running without an error.'
    : trouble(ended)
  return {
    check,
    passed: serving || (ended.how === 'exited' && ended.exitCode === 0),
    exitCode: ended.exitCode,
    timedOut: ended.how === 'timed out',
    seconds: ended.seconds,
    output: lastBytes(ended.all, shownOutput),
    ...(message && { message }),
  }
}

function trouble({ how, exitCode, signal, seconds, lacked }: Ended): string | undefined {
  if (how === 'exited' && exitCode === 0) return undefined
  if (lacked !== null) return `It needed more ${lacked} than the sandbox has.`
  if (how === 'timed out') return `It did not end within ${Math.round(seconds)} s.`
  if (how === 'printed too much') return 'It printed more than 32 MiB.'
  return signal ? `It was ended by ${signal}.` : `It ended with exit code ${exitCode}.`
}

/** What a model is told of it. The end of a traceback says what is wrong; models lose the thread in more. */
export function complain(what: string, ended: Ended): string {
  const text = ended.all.trimEnd()
  const shown = text.length > 1200 ? `…${text.slice(-1200)}` : text
  return [`${what}. ${trouble(ended) ?? ''}`.trim(), ...(shown === '' ? [] : [shown])].join('\n')
}

function lastBytes(text: string, most: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= most) return text
  // A cut character at the beginning decodes to one replacement character of three bytes.
  return bytes
    .subarray(bytes.length - most + 3)
    .toString('utf8')
    .replace(/^\ufffd+/, '')
}
