import type { Readable } from 'node:stream'

/** Takes exactly so many bytes; null when the stream ends or breaks before. */
export type Take = (length: number) => Promise<Buffer | null>

export function taker(stream: Readable): Take {
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]()
  let pieces: Buffer[] = []
  let held = 0
  return async (length) => {
    while (held < length) {
      const next = await chunks.next().catch(() => null)
      if (!next || next.done) return null
      pieces.push(next.value)
      held += next.value.length
    }
    const all = Buffer.concat(pieces)
    pieces = [all.subarray(length)]
    held -= length
    return all.subarray(0, length)
  }
}
