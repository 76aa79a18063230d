import type { Link } from '../links/link.ts'

type Told = { link: Link; isDriven: boolean | null; isTelling: boolean }

/**
 * Tells agents whether somebody drives their desktop: with each new link, and as it changes. One call at a time, and each of
 * how it stands then, so that the last one is right however fast it changes.
 */
export class Driven {
  readonly #isDriven: (job: string) => boolean
  readonly #signal: AbortSignal
  readonly #told = new Map<string, Told>()

  constructor(isDriven: (job: string) => boolean, signal: AbortSignal) {
    this.#isDriven = isDriven
    this.#signal = signal
  }

  /** This link leads to the job's desktop now. */
  linked(job: string, link: Link): void {
    const told = { link, isDriven: null, isTelling: false }
    this.#told.set(job, told)
    void link.closed.then(() => {
      if (this.#told.get(job) === told) this.#told.delete(job)
    })
    this.changed(job)
  }

  /** Somebody began to drive the job's desktop, or let go. */
  changed(job: string): void {
    const told = this.#told.get(job)
    // An agent that is not told is told when it dials again.
    if (told) this.#tell(job, told).catch(() => told.link.close())
  }

  async #tell(job: string, told: Told): Promise<void> {
    if (told.isTelling) return
    told.isTelling = true
    for (let wanted = this.#isDriven(job); wanted !== told.isDriven; wanted = this.#isDriven(job)) {
      await told.link.driven(wanted, this.#signal)
      told.isDriven = wanted
    }
    told.isTelling = false
  }
}
