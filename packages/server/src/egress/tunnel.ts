import type { Duplex } from 'node:stream'
import type { Passage } from './passage.ts'

/** Answers a CONNECT (RFC 9110, 9.3.6) and passes bytes both ways until both sides have ended or one broke. */
export async function passTunnel({ attempt, far, flow }: Passage, near: Duplex, head: Buffer): Promise<void> {
  const { signal } = attempt
  const breakOff = () => {
    near.destroy()
    far.destroy()
  }
  signal.addEventListener('abort', breakOff)
  if (signal.aborted) breakOff()
  near.write('HTTP/1.1 200 Connection established\r\nVia: 1.1 vitrine\r\n\r\n')
  if (head.length > 0) near.unshift(head)
  near.on('data', (chunk: Buffer) => flow.sent(chunk.length)).pipe(far)
  far.on('data', (chunk: Buffer) => flow.received(chunk.length)).pipe(near)
  await Promise.all(
    [near, far].map((side) =>
      closed(side.on('error', breakOff)).then(() => side.readableEnded || breakOff()),
    ),
  )
  signal.removeEventListener('abort', breakOff)
  signal.throwIfAborted()
}

const closed = (side: Duplex) =>
  new Promise<void>((resolve) => (side.closed ? resolve() : side.once('close', resolve)))
