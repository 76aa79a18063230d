import type { Moment, Share, ShareMode } from '@vitrine/contract/share.ts'
import type { Answer, Options, Transport } from './transport.ts'

/** What is told of a recording at the address of a share link to a moment. */
export type { SharedRecording } from '@vitrine/contract/routes/shares.ts'

/** Links that show a job’s desktop, or a recording of it, and nothing else, to whoever has them. */
export class Shares {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Makes a link, to watch or to drive, good for so many seconds (a day by default); with a `moment`, to watch the recording
   * of that run from there, also after the desktop is gone. Its `url` is told only here.
   */
  create(
    id: string,
    { signal, ...body }: Options & { mode?: ShareMode; moment?: Moment; seconds?: number } = {},
  ): Promise<Answer<'POST /jobs/{id}/shares'>> {
    return this.#transport.json('POST /jobs/{id}/shares', { params: { id }, body, signal })
  }

  /** The links that are good now. */
  async list(id: string, { signal }: Options = {}): Promise<Share[]> {
    return (await this.#transport.json('GET /jobs/{id}/shares', { params: { id }, signal })).shares
  }

  /** Revokes a link; who watches by it is closed at once. */
  delete(id: string, share: string, { signal }: Options = {}): Promise<void> {
    return this.#transport.json('DELETE /jobs/{id}/shares/{share}', { params: { id, share }, signal })
  }
}
