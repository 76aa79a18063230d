import { finished, type Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { closeCode, closeViewer } from './close-viewer.ts'

/**
 * Copies RFB both ways between a viewer and a desktop until one of them ends: then the viewer is closed with 1001, so that
 * its page connects again, and the desktop's stream is destroyed. `socket` is the one under `viewer`.
 *
 * Neither side holds more than its stream's high-water mark: whoever reads slowly stops the other's sending.
 */
export function bridge(viewer: WebSocket, socket: Duplex, desktop: Duplex): void {
  desktop.on('data', (chunk: Buffer) => {
    writeTogether(socket)
    viewer.send(chunk)
    if (socket.writableNeedDrain) desktop.pause()
  })
  socket.on('drain', () => desktop.resume())

  viewer.on('message', (data: RawData) => {
    if (viewer.readyState !== viewer.OPEN || !desktop.writable) return
    if (!desktop.write(data)) viewer.pause()
  })
  desktop.on('drain', () => viewer.resume())

  finished(desktop, { writable: false }, (error) => {
    const reason = error ? 'the connection to the desktop broke' : 'the desktop closed'
    closeViewer(viewer, closeCode.goingAway, reason)
  })
  viewer.once('close', () => desktop.destroy())
}

/** All that is written in this turn of the event loop leaves in one system call: Xvnc sends many small pieces. */
function writeTogether(socket: Duplex): void {
  if (socket.writableCorked > 0) return
  socket.cork()
  process.nextTick(() => socket.uncork())
}
