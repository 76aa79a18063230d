import { once } from 'node:events'
import type { Duplex } from 'node:stream'

/** Copies bytes both ways until one side has closed, then ends the other. Neither holds more than its high-water mark. */
export async function relay(one: Duplex, other: Duplex): Promise<void> {
  copy(one, other)
  copy(other, one)
  await Promise.race([closed(one), closed(other)])
  one.end()
  other.end()
}

function copy(from: Duplex, to: Duplex): void {
  from.on('data', (chunk: Buffer) => {
    if (!to.write(chunk, () => free(chunk))) from.pause()
  })
  to.on('drain', () => from.resume())
}

/** Gives a chunk's memory back at once: collecting it costs several times as much as copying it. */
function free({ buffer, byteLength }: Buffer): void {
  if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

async function closed(side: Duplex): Promise<void> {
  side.on('error', () => side.destroy())
  if (!side.closed) await once(side, 'close').catch(() => {})
}
