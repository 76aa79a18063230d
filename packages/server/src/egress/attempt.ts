import type { EgressAttempt } from '@vitrine/contract/egress.ts'
import { Refusal } from './refusal.ts'

/** What a sandbox's programs may reach. `isOver`: the job was ended on request, or gives its sandbox up. */
export type Reach = { job: string; run: number; hosts: readonly string[]; isOver: boolean }

/** One request of a sandbox, from its first line to its last byte. */
export class Attempt {
  readonly sandbox: string
  readonly reach: Reach
  readonly method: string
  host = ''
  port: number | null = null
  allowed = false
  address: string | null = null
  sent = 0
  received = 0
  isTold = false
  #why: string | null = null
  readonly #begun = performance.now()
  readonly #ending = new AbortController()

  constructor(sandbox: string, reach: Reach, method: string) {
    this.sandbox = sandbox
    this.reach = reach
    this.method = method
  }

  /** Aborts where the attempt is ended from outside; the reason is a Refusal. */
  get signal(): AbortSignal {
    return this.#ending.signal
  }

  get milliseconds(): number {
    return performance.now() - this.#begun
  }

  /** Breaks it off. */
  end(why: Refusal): void {
    this.#ending.abort(why)
  }

  /** Takes down what went wrong, once. */
  failed({ message, allowed }: Refusal): void {
    this.#why ??= message
    this.allowed ||= allowed
  }

  /** Its line in the ledger; `open` while it goes on. */
  line(open: boolean): EgressAttempt {
    return {
      method: this.method,
      host: this.host,
      port: this.port,
      allowed: this.allowed,
      why: this.#why,
      address: this.address,
      bytesSent: this.sent,
      bytesReceived: this.received,
      seconds: Math.round(this.milliseconds) / 1000,
      count: 1,
      open,
    }
  }
}
