import type { Duplex } from 'node:stream'
import { taker } from './take.ts'

/** Prints its size at the beginning and at each change, and what is typed as it comes; `exit` ends it. */
export async function fakeShell(stream: Duplex, size: string): Promise<void> {
  const take = taker(stream)
  stream.write(`${size}\r\n`)
  for (;;) {
    const head = await take(3)
    const payload = head && (await take(head.readUInt16BE(1)))
    if (!payload) return void stream.end()
    if (head[0] === 1) stream.write(`${payload.readUInt16BE(0)} × ${payload.readUInt16BE(2)}\r\n`)
    else stream.write(payload)
    if (payload.toString() === 'exit\r') return void stream.end()
  }
}
