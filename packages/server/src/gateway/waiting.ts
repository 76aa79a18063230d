import type { Waiting } from '@vitrine/contract/job.ts'
import type { Worker } from './caller.ts'

/** What one call waits for. */
export type CallWaiting = Disposable & {
  /** A wait that is over within a tenth of a second is not told of; of quick changes only the last. */
  says(message: string): void
  /** Says `text (12 s)`, counted from `since` (performance.now), for the first time in `inMs`, then every five seconds. */
  counts(text: string, since: number, inMs: number): void
  /** The model answers. */
  ends(): void
}

/** Null: it is being answered. Absent: nothing was said of it yet, as it stands behind another call of its job. */
type Told = { message?: string | null }

export type WaitingBoard = { begin(worker: Worker): CallWaiting }

const repeatMs = 5000
const briefMs = 100
const moveMs = 250

/**
 * Tells what each job waits for, whenever that changes. A job of several calls waits only while none of them gets an
 * answer; it shows its oldest call's reason.
 */
export function createWaitingBoard(
  onWaiting: (worker: Worker, waiting: Waiting | null) => void,
): WaitingBoard {
  const jobs = new Map<string, Set<Told>>()
  const told = new Map<string, string>()

  function tell(worker: Worker): void {
    const calls = [...(jobs.get(worker.job) ?? [])]
    const message = calls.some((call) => call.message === null)
      ? null
      : (calls.find((call) => call.message)?.message ?? null)
    if (message === (told.get(worker.job) ?? null)) return
    if (message === null) told.delete(worker.job)
    else told.set(worker.job, message)
    onWaiting(worker, message === null ? null : { for: 'model', message })
  }

  function begin(worker: Worker): CallWaiting {
    const call: Told = {}
    const calls = jobs.get(worker.job) ?? new Set()
    jobs.set(worker.job, calls.add(call))
    let timer: NodeJS.Timeout | undefined
    let place: string | undefined

    function stop(): void {
      clearTimeout(timer)
      place = undefined
    }

    function say(message: string | null): void {
      call.message = message
      tell(worker)
    }

    return {
      says(message) {
        const isDue = place !== undefined
        place = message
        if (isDue) return
        clearTimeout(timer)
        timer = setTimeout(
          () => {
            say(place ?? null)
            place = undefined
          },
          call.message ? moveMs : briefMs,
        )
      },
      counts(text, since, inMs) {
        stop()
        const count = () => {
          say(`${text} (${Math.round((performance.now() - since) / 1000)} s)`)
          timer = setTimeout(count, repeatMs)
        }
        timer = setTimeout(count, inMs)
      },
      ends() {
        stop()
        say(null)
      },
      [Symbol.dispose]() {
        stop()
        calls.delete(call)
        if (calls.size === 0) jobs.delete(worker.job)
        tell(worker)
      },
    }
  }

  return { begin }
}
