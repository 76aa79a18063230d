/** The beginning and the end of a stream of bytes, at most `limit` bytes of each; what was between is counted. */
export class CappedText {
  readonly #limit: number
  #head: Buffer[] = []
  #headBytes = 0
  #tail: Buffer[] = []
  #tailBytes = 0
  #lost = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  add(chunk: Buffer): void {
    const room = this.#limit - this.#headBytes
    if (room > 0) {
      this.#head.push(chunk.subarray(0, room))
      this.#headBytes += Math.min(room, chunk.length)
    }
    if (chunk.length <= room) return
    this.#tail.push(chunk.subarray(Math.max(0, room)))
    this.#tailBytes += chunk.length - Math.max(0, room)
    if (this.#tailBytes > 2 * this.#limit) this.#cut()
  }

  toString(): string {
    this.#cut()
    const gap = this.#lost > 0 ? [Buffer.from(`\n… ${this.#lost} bytes left out …\n`)] : []
    return Buffer.concat([...this.#head, ...gap, ...this.#tail]).toString('utf8')
  }

  #cut(): void {
    const all = Buffer.concat(this.#tail)
    const kept = all.subarray(Math.max(0, all.length - this.#limit))
    this.#lost += all.length - kept.length
    this.#tail = [Buffer.from(kept)]
    this.#tailBytes = kept.length
  }
}
