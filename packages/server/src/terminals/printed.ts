import type { TerminalOutput } from '@vitrine/contract/terminal.ts'
import { createPlainText } from './plain-text.ts'

const toldEvery = 1000
/** Of what was printed since the last telling, the end counts. */
const charactersATelling = 4096
const charactersOfAJob = 256 * 1024

/** What one terminal prints, from its opening to its end. */
export type Watch = Disposable & { prints: (bytes: Uint8Array) => void }

type Job = { terminals: number; text: string; missing: number; kept: number | null; timer?: NodeJS.Timeout }

export type PrintedOptions = {
  /** How many characters of what a job’s terminals printed are kept already. */
  kept: (job: string) => Promise<number>
  tell: (job: string, output: TerminalOutput) => void
  /** Once a job has reached its limit. */
  onFull: (job: string, message: string) => void
  /** `kept` could not say: what was printed in that second is lost. */
  onLost: (job: string, error: unknown) => void
}

/** Gathers what the terminals of jobs print as text, and tells it every second in which something was printed, up to a limit. */
export class Printed implements Disposable {
  readonly #options: PrintedOptions
  readonly #jobs = new Map<string, Job>()

  constructor(options: PrintedOptions) {
    this.#options = options
  }

  watch(id: string): Watch {
    const job = this.#jobs.getOrInsertComputed(id, () => ({ terminals: 0, text: '', missing: 0, kept: null }))
    job.terminals += 1
    const plain = createPlainText()
    return {
      prints: (bytes) => {
        const text = job.text + plain(bytes)
        if (text === '' || (job.kept !== null && job.kept >= charactersOfAJob)) return
        job.text = text.slice(-charactersATelling)
        job.missing += text.length - job.text.length
        job.timer ??= setTimeout(() => void this.#tell(id, job), toldEvery).unref()
      },
      [Symbol.dispose]: () => {
        job.terminals -= 1
        this.#forget(id, job)
      },
    }
  }

  /** What was printed since the last telling is lost. */
  [Symbol.dispose](): void {
    for (const { timer } of this.#jobs.values()) clearTimeout(timer)
    this.#jobs.clear()
  }

  async #tell(id: string, job: Job): Promise<void> {
    const { kept, tell, onFull, onLost } = this.#options
    const { text, missing } = job
    Object.assign(job, { text: '', missing: 0, timer: undefined })
    try {
      job.kept ??= await kept(id)
    } catch (error) {
      onLost(id, error)
    }
    if (job.kept !== null && job.kept < charactersOfAJob) {
      job.kept += text.length
      tell(id, { text, missing })
      if (job.kept >= charactersOfAJob) {
        onFull(id, `What terminals print is kept no longer: it has reached ${charactersOfAJob} characters.`)
      }
    }
    this.#forget(id, job)
  }

  #forget(id: string, job: Job): void {
    if (job.terminals === 0 && job.timer === undefined) this.#jobs.delete(id)
  }
}
