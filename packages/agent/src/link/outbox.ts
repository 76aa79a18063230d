import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { NumberedEvent } from '@vitrine/contract/link.ts'

const batchMilliseconds = 60
const keptBytes = 16 * 1024 * 1024

type Kept = Omit<NumberedEvent, 'run'> & { run: number | undefined; bytes: number }

/**
 * The agent's events, numbered from 1 and kept until the server has stored them. The model's words arrive in many small
 * pieces and leave in batches. Past 16 MiB the oldest words are emptied (never the numbers: the server counts on them).
 */
export class Outbox {
  readonly #kept: Kept[] = []
  #run: number | undefined
  #last = 0
  #bytes = 0
  #batch: AgentEvent | undefined
  #timer: NodeJS.Timeout | undefined
  #news = Promise.withResolvers<void>()
  #dropped = false

  /** What is added from now on is of this run. */
  beginRun(run: number): void {
    this.#flush()
    this.#run = run
  }

  add(event: AgentEvent): void {
    if (!isText(event)) {
      this.#flush()
      this.#number(event)
      return
    }
    if (this.#batch && !joins(this.#batch, event)) this.#flush()
    this.#batch = this.#batch ? joined(this.#batch, event) : event
    this.#timer ??= setTimeout(() => this.#flush(), batchMilliseconds)
  }

  /** The server has stored all events up to this number. */
  acknowledge(upTo: number): void {
    const first = this.#kept[0]?.number ?? this.#last + 1
    for (const { bytes } of this.#kept.splice(0, Math.max(0, upTo - first + 1))) this.#bytes -= bytes
  }

  /** Events after a number: those kept, then live ones, for ever until `signal` aborts. */
  async *after(number: number, signal: AbortSignal): AsyncGenerator<NumberedEvent> {
    let cursor = number
    const stop = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => stop.resolve(), { once: true })
    while (!signal.aborted) {
      const first = this.#kept[0]?.number ?? this.#last + 1
      const next = this.#kept[Math.max(0, cursor + 1 - first)]
      if (next) {
        cursor = next.number
        const { number, run, event } = next
        yield run === undefined ? { number, event } : { number, run, event }
      } else {
        await Promise.race([this.#news.promise, stop.promise])
      }
    }
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#batch
    this.#batch = undefined
    if (batch) this.#number(batch)
  }

  #number(event: AgentEvent): void {
    const bytes = JSON.stringify(event).length
    this.#kept.push({ number: ++this.#last, run: this.#run, event, bytes })
    this.#bytes += bytes
    const news = this.#news
    this.#news = Promise.withResolvers()
    news.resolve()
    if (this.#bytes > keptBytes) this.#empty()
  }

  #empty(): void {
    for (const kept of this.#kept) {
      if (this.#bytes <= keptBytes / 2) break
      if (!isText(kept.event) || kept.event.data.text === '') continue
      kept.event = { ...kept.event, data: { ...kept.event.data, text: '' } }
      this.#bytes -= kept.bytes
      kept.bytes = JSON.stringify(kept.event).length
      this.#bytes += kept.bytes
    }
    if (this.#dropped) return
    this.#dropped = true
    const message = 'The server was away for long: the oldest of the model’s words were not kept.'
    this.#number({ type: 'log', data: { level: 'warning', message } })
  }
}

type TextEvent = Extract<AgentEvent, { type: 'candidate.text' | 'candidate.thinking' }>

function isText(event: AgentEvent): event is TextEvent {
  return event.type === 'candidate.text' || event.type === 'candidate.thinking'
}

function joins(batch: AgentEvent, event: TextEvent): boolean {
  return batch.type === event.type && batch.data.candidate === event.data.candidate
}

function joined(batch: AgentEvent, event: TextEvent): AgentEvent {
  if (!isText(batch)) return event
  return { ...event, data: { ...event.data, text: batch.data.text + event.data.text } }
}
