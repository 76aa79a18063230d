/** Every error that a sandbox's model call can end with. `code` stands beside Ollama's own `error` text. */
const statuses = {
  bad_request: 400,
  forbidden: 403,
  not_found: 404,
  model_not_found: 404,
  method_not_allowed: 405,
  too_large: 413,
  too_many_calls: 429,
  budget_spent: 429,
  internal: 500,
  model_error: 502,
  model_unavailable: 503,
  model_busy: 503,
  model_timeout: 504,
  answer_too_long: 502,
  answer_unread: 408,
} as const

export type GatewayErrorCode = keyof typeof statuses

/** A model call's failure, made into a response or a last line of the stream once, at the edge. */
export class GatewayError extends Error {
  override name = 'GatewayError'
  readonly code: GatewayErrorCode

  constructor(code: GatewayErrorCode, message: string) {
    super(message)
    this.code = code
  }

  get status(): number {
    return statuses[this.code]
  }

  /** The model server may answer the same call a moment later. */
  get passing(): boolean {
    return this.code === 'model_unavailable' || this.code === 'model_busy'
  }
}

/** Made once: every response closes in the end, and an error’s stack is costly. */
export const callerGone = new GatewayError('answer_unread', 'the caller went away')
