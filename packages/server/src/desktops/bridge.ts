import { finished, type Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { RfbError } from './client-messages.ts'
import { closeCode, closeViewer } from './close-viewer.ts'
import { inputGate } from './input-gate.ts'
import type { Seat } from './lease.ts'

/**
 * Copies RFB both ways between a viewer and a desktop until one of them ends: then the viewer is closed with 1001, so that
 * its page connects again, and the desktop's stream is destroyed. `socket` is the one under `viewer`. Of what the viewer
 * sends, only what its seat allows reaches the desktop; one that does not speak RFB is closed with 1003.
 *
 * Neither side holds more than its stream's high-water mark: whoever reads slowly stops the other's sending. The desktop's
 * chunks are its own, as those of a socket are: nobody reads them after they were sent.
 */
export function bridge(
  viewer: WebSocket,
  socket: Duplex,
  desktop: Duplex,
  takeSeat: (lost: () => void) => Seat,
): void {
  desktop.on('data', (chunk: Buffer) => {
    writeTogether(socket)
    viewer.send(chunk, () => free(chunk))
    if (socket.writableNeedDrain) desktop.pause()
  })
  socket.on('drain', () => desktop.resume())

  const gate = inputGate(takeSeat, (bytes) => desktop.writable && desktop.write(bytes))
  viewer.on('message', (data: Buffer) => {
    if (viewer.readyState !== viewer.OPEN || !desktop.writable) return
    desktop.cork()
    try {
      if (gate.push(data)) viewer.pause()
    } catch (error) {
      if (!(error instanceof RfbError)) throw error
      closeViewer(viewer, closeCode.wrongData, error.message)
    } finally {
      desktop.uncork()
    }
  })
  desktop.on('drain', () => viewer.resume())

  finished(desktop, { writable: false }, (error) => {
    const reason = error ? 'the connection to the desktop broke' : 'the desktop closed'
    closeViewer(viewer, closeCode.goingAway, reason)
  })
  viewer.once('close', () => {
    gate.leave()
    desktop.destroy()
  })
}

/**
 * Gives the memory of a chunk that was sent back at once. Left to the collector, each 64 MiB of them would have it look through
 * the whole heap: most of the processor time that a busy desktop takes.
 */
function free({ buffer, byteLength }: Buffer): void {
  if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/** All that is written in this turn of the event loop leaves in one system call: Xvnc sends many small pieces. */
function writeTogether(socket: Duplex): void {
  if (socket.writableCorked > 0) return
  socket.cork()
  process.nextTick(() => socket.uncork())
}
