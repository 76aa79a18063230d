import { duplexPair } from 'node:stream'

/** What Xvnc sends up to the end of ServerInit: banner, security None, its result, size, pixel format, name. */
export function handshake(options: { width: number; height: number; name?: string }): Buffer {
  const name = Buffer.from(options.name ?? 'desktop')
  const init = Buffer.alloc(24)
  init.writeUInt16BE(options.width, 0)
  init.writeUInt16BE(options.height, 2)
  init.writeUInt32BE(name.length, 20)
  return Buffer.concat([
    Buffer.from('RFB 003.008\n'),
    Buffer.from([1, 1]),
    Buffer.from([0, 0, 0, 0]),
    init,
    name,
  ])
}

export type Rectangle = {
  x: number
  y: number
  width: number
  height: number
  encoding?: number
  data?: Buffer
}

/** A FramebufferUpdate (RFC 6143, 7.6.1). */
export function update(rectangles: Rectangle[]): Buffer {
  const count = Buffer.alloc(4)
  count.writeUInt16BE(rectangles.length, 2)
  return Buffer.concat([
    count,
    ...rectangles.flatMap((one) => [rectangleHeader(one), one.data ?? Buffer.alloc(0)]),
  ])
}

function rectangleHeader({ x, y, width, height, encoding = 0 }: Rectangle): Buffer {
  const header = Buffer.alloc(12)
  ;[x, y, width, height].forEach((value, index) => header.writeUInt16BE(value, index * 2))
  header.writeInt32BE(encoding, 8)
  return header
}

/** A desktop that sends `bytes` in the given pieces, then ends, and remembers what it was sent. */
export function scriptedDesktop(pieces: Buffer[], options: { end: boolean } = { end: true }) {
  const [viewerSide, desktopSide] = duplexPair()
  const received: Buffer[] = []
  desktopSide.on('data', (chunk: Buffer) => received.push(chunk))
  desktopSide.on('error', () => {})
  for (const piece of pieces) desktopSide.write(piece)
  if (options.end) desktopSide.end()
  return { stream: viewerSide, received: () => Buffer.concat(received) }
}
