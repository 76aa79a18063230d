import type { Readable } from 'node:stream'

export type ByteReader = {
  /** The next `length` bytes; `what` names them in the error of a stream that ends before. */
  read(length: number, what: string): Promise<Buffer>
  /** Fills `target` with the next bytes. */
  fill(target: Buffer, what: string): Promise<void>
}

/** Reads exact numbers of bytes from a stream, however it was cut into chunks. One read at a time. */
export function createByteReader(stream: Readable): ByteReader {
  const chunks: AsyncIterator<Buffer> = stream.iterator({ destroyOnReturn: false })
  let rest: Buffer = Buffer.alloc(0)

  async function fill(target: Buffer, what: string): Promise<void> {
    for (let filled = 0; filled < target.length;) {
      if (rest.length === 0) {
        const next = await chunks.next()
        if (next.done)
          throw new Error(`the stream ended after ${filled} of the ${target.length} bytes of ${what}`)
        rest = next.value
      }
      const copied = rest.copy(target, filled)
      rest = rest.subarray(copied)
      filled += copied
    }
  }

  return {
    fill,
    async read(length, what) {
      const bytes = Buffer.alloc(length)
      await fill(bytes, what)
      return bytes
    },
  }
}
