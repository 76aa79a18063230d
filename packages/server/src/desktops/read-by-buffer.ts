// oxlint-disable no-underscore-dangle -- it is Node that calls it `_handle`
import { Socket, type OnReadOpts } from 'node:net'
import type { Duplex } from 'node:stream'

/** More than a Unix socket holds (net.core.wmem_default of Linux): each read takes all that there is. */
const bufferBytes = 256 * 1024

/** Takes what was read; false where the bytes are still needed. */
type Take = (bytes: Buffer) => boolean

/**
 * Gives `take` what comes on `stream`, and returns the stream to go on with. After a `false` nothing more is read until that
 * stream's `resume()`; after that, and after a `true`, the bytes may be others.
 *
 * A socket is read into one buffer, whatever it sends. With 64 KiB that are allocated for each read, as Node does by itself, a
 * busy desktop takes twice the processor time (docs/decisions/0020-the-way-of-the-pixels.md).
 */
export function readByBuffer(stream: Duplex, take: Take): Duplex {
  const handle = stream instanceof Socket ? (stream as unknown as Inside)._handle : null
  if (handle) return around(handle, stream, take)
  stream.on('data', (chunk: Buffer) => {
    if (!take(chunk)) stream.pause()
  })
  return stream
}

/** What Node keeps in a socket: the connection itself. */
type Inside = { _handle: Handle | null }
type Handle = { reading: boolean; readStop(): void }
type AroundHandle = { handle: Handle; onread: OnReadOpts }

/** Node takes a buffer (`onread`) only for connections that it makes itself: one that was accepted gets a new socket around it. */
function around(handle: Handle, accepted: Duplex, take: Take): Socket {
  handle.readStop()
  handle.reading = false
  const early = accepted.read() as Buffer | null
  ;(accepted as unknown as Inside)._handle = null
  const onread: OnReadOpts = {
    buffer: Buffer.allocUnsafeSlow(bufferBytes),
    callback: (length, { buffer }) => take(Buffer.from(buffer, 0, length)),
  }
  const options: AroundHandle = { handle, onread }
  const socket = new Socket(options as object)
  // They end together: whoever holds the accepted one ends the connection with it.
  accepted.once('close', () => socket.destroy())
  socket.once('close', () => accepted.destroy())
  if (early === null || take(early)) socket.resume()
  return socket
}
