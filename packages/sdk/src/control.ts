import type { Control as State, InputAction } from '@vitrine/contract/control.ts'
import { limits } from '@vitrine/contract/limits.ts'
import type { Options, Transport } from './transport.ts'

type Call = 'request' | 'take' | 'release'

/** The longest text that goes between a desktop’s clipboard and a viewer’s, in bytes of UTF-8. */
export const { clipboardBytes } = limits

/**
 * Who drives a job’s desktop. A viewer is an id that the caller chooses (8 to 64 letters, digits, `_` or `-`) and sends with
 * each call; a program’s input reaches the desktop while its viewer drives.
 */
export class Control {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Who drives, who watches, who asks. */
  read(id: string, { viewer, signal }: Options & { viewer?: string } = {}): Promise<State> {
    return this.#transport.json('GET /jobs/{id}/control', { params: { id }, query: { viewer }, signal })
  }

  /** Asks to drive, for a viewer that watches; where nobody drives it does at once. */
  request(id: string, viewer: string, options: Options = {}): Promise<State> {
    return this.#call('request', id, viewer, options)
  }

  /** Drives, whoever did before. */
  take(id: string, viewer: string, options: Options = {}): Promise<State> {
    return this.#call('take', id, viewer, options)
  }

  /** Lets the viewer `to` drive, which must watch. */
  give(id: string, viewer: string, to: string, { signal }: Options = {}): Promise<State> {
    const body = { viewer, to }
    return this.#transport.json('POST /jobs/{id}/control/give', { params: { id }, body, signal })
  }

  /** Drives no more, or asks no more. */
  release(id: string, viewer: string, options: Options = {}): Promise<State> {
    return this.#call('release', id, viewer, options)
  }

  /**
   * Types and clicks. Takes control where nobody has it; where another viewer does, the server refuses with `conflict`.
   * Returns when the desktop has taken all of it.
   */
  async input(
    id: string,
    viewer: string,
    actions: readonly InputAction[],
    { signal }: Options = {},
  ): Promise<void> {
    const body = { viewer, actions }
    await this.#transport.json('POST /jobs/{id}/input', { params: { id }, body, signal })
  }

  #call(what: Call, id: string, viewer: string, { signal }: Options): Promise<State> {
    return this.#transport.json(`POST /jobs/{id}/control/${what}`, {
      params: { id },
      body: { viewer },
      signal,
    })
  }
}
