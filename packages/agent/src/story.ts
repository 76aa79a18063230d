import { appendFileSync } from 'node:fs'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import { harmless } from './harmless.ts'
import { storyFile } from './places.ts'

/** What the story may take of the scratch memory. */
const storyBytes = 4 * 1024 * 1024
const lineLength = 2000

/**
 * Tells a job in readable lines: on stdout, for `docker logs`, and in a file that a terminal on the desktop shows while
 * the model's words come in. Nothing that a model wrote can act on either.
 */
export class Story {
  #open = ''
  #written = 0

  tell(event: AgentEvent): void {
    if (event.type === 'candidate.text' || event.type === 'candidate.thinking') {
      this.#words(event.data.text)
      return
    }
    if (this.#open !== '') this.#words('\n')
    for (const line of lines(event)) this.say(line)
  }

  say(line: string): void {
    console.log(harmless(line))
    this.#show(`\x1b[1m${harmless(line)}\x1b[0m\n`)
  }

  #words(text: string): void {
    this.#show(harmless(text))
    const parts = (this.#open + text).split('\n')
    this.#open = parts.pop() ?? ''
    // A line that never ends is told in pieces.
    while (this.#open.length > lineLength) {
      parts.push(this.#open.slice(0, lineLength))
      this.#open = this.#open.slice(lineLength)
    }
    for (const line of parts) console.log(`  | ${harmless(line)}`)
  }

  #show(text: string): void {
    if (this.#written > storyBytes) return
    this.#written += text.length
    try {
      appendFileSync(storyFile, text)
    } catch {
      // A program filled /tmp. The job goes on, and is told on stdout.
    }
  }
}

type Spoken = { type: 'candidate.text' | 'candidate.thinking' }

function lines(event: Exclude<AgentEvent, Spoken>): string[] {
  switch (event.type) {
    case 'candidate.asked':
    case 'job.phase':
      return []
    case 'model.waiting':
      return event.data.waiting ? [`Waiting for the model: ${event.data.waiting.message}`] : []
    case 'candidate.started': {
      const { candidate, kind, style, model, temperature } = event.data
      return [`Candidate ${candidate} (${kind}): asking ${model}, style ${style}, temperature ${temperature}`]
    }
    case 'candidate.finished': {
      const { candidate, tokensOut, seconds, doneReason, program } = event.data
      const rate = seconds > 0 ? `, ${(tokensOut / seconds).toFixed(1)} tokens/s` : ''
      const found = program === null ? 'no program in it' : `a program of ${program.length} characters`
      return [
        `Candidate ${candidate}: ${tokensOut} tokens in ${seconds.toFixed(1)} s${rate} (${doneReason}), ${found}`,
      ]
    }
    case 'check.started':
      return []
    case 'check.finished': {
      const { check, passed, seconds, message, output } = event.data.result
      const end = output.trimEnd().split('\n').slice(-20)
      const shown =
        check === 'compiles' && passed ? [] : end.filter((line) => line !== '').map((line) => `    ${line}`)
      const why = message ? `: ${message}` : ''
      return [`Check ${check}: ${passed ? 'passed' : 'failed'} in ${seconds.toFixed(2)} s${why}`, ...shown]
    }
    case 'file.saved':
      return [`Saved /output/${event.data.path} (${event.data.bytes} bytes)`]
    case 'file.versioned': {
      const { path, version } = event.data
      return [`/output/${path} was changed by hand; its text is kept as /output/${version}`]
    }
    case 'desktop.window':
      return [`Opened ${event.data.program}`]
    case 'verdict': {
      const { verdict, reason } = event.data
      const tried = `${verdict.candidates} candidate${verdict.candidates === 1 ? '' : 's'}`
      const what = reason
        ? `${reason.code}: ${reason.message}`
        : `candidate ${verdict.candidate} is /output/${verdict.program}`
      return [`Verdict: ${verdict.outcome} after ${tried}; ${what}`]
    }
    default:
      return [event.data.level === 'info' ? event.data.message : `${event.data.level}: ${event.data.message}`]
  }
}
