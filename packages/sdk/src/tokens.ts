import type { Answer, Options, Transport } from './transport.ts'

export type Token = Answer<'GET /tokens'>['tokens'][number]
export type MadeToken = Answer<'POST /tokens'>

/** API tokens. Only the server’s own token and a signed-in browser manage them: each method throws `forbidden` otherwise. */
export class Tokens {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Makes a token, good for so many `seconds` or until it is revoked. Only this answer holds it. */
  create(name: string, options: Options & { seconds?: number | undefined } = {}): Promise<MadeToken> {
    const { seconds, signal } = options
    return this.#transport.json('POST /tokens', { body: { name, seconds }, signal })
  }

  /** All tokens, the newest first, those whose time is over included. */
  async list({ signal }: Options = {}): Promise<Token[]> {
    return (await this.#transport.json('GET /tokens', { signal })).tokens
  }

  /** Revokes a token: from now on nobody comes in with it. */
  delete(id: string, { signal }: Options = {}): Promise<void> {
    return this.#transport.json('DELETE /tokens/{token}', { params: { token: id }, signal })
  }
}
