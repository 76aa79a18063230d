import { EventEmitter, once } from 'node:events'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { NumberedEvent } from '@vitrine/contract/link.ts'

/** An agent's events: numbered from 1 without gaps, kept until they are acknowledged. */
export type KeptEvents = {
  /** Those that are not acknowledged yet. */
  readonly kept: readonly NumberedEvent[]
  tell: (run: number, event: AgentEvent) => void
  acknowledge: (upTo: number) => void
  /** Those kept with a higher number than `after`, then each new one, until `signal` aborts. */
  follow: (after: number, signal: AbortSignal) => AsyncGenerator<NumberedEvent>
}

export function keptEvents(): KeptEvents {
  const kept: NumberedEvent[] = []
  const told = new EventEmitter().setMaxListeners(0)
  let last = 0

  return {
    kept,
    tell: (run, event) => {
      last += 1
      kept.push({ number: last, run, event })
      told.emit('event')
    },
    acknowledge: (upTo) => {
      while (kept[0] && kept[0].number <= upTo) kept.shift()
    },
    follow: async function* follow(after, signal) {
      let sent = after
      while (!signal.aborted) {
        const next = kept.find(({ number }) => number > sent)
        if (next) {
          yield next
          sent = next.number
        } else {
          await once(told, 'event', { signal }).catch(() => {})
        }
      }
    },
  }
}
