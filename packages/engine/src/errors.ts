/** A refusal that the caller is told as HTTP `status` and `{"error": message}`, as Ollama does. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly status: 400 | 403 | 404 | 405 | 413 | 500 | 503

  constructor(status: EngineError['status'], message: string) {
    super(message)
    this.status = status
  }
}
