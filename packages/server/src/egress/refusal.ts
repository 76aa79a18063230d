/** Why something was not passed on, and the HTTP status that says so. `allowed`: it might have been, and went wrong. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: 400 | 403 | 413 | 429 | 502 | 504
  readonly allowed: boolean

  constructor(status: Refusal['status'], message: string, allowed = status > 500) {
    super(message)
    this.status = status
    this.allowed = allowed
  }
}
