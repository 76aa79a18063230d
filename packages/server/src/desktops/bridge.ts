import { finished, type Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { RfbError } from './client-messages.ts'
import { closeCode, closeViewer } from './close-viewer.ts'
import { inputGate } from './input-gate.ts'
import type { Seat } from './lease.ts'
import { readByBuffer } from './read-by-buffer.ts'

/**
 * Copies RFB both ways between a viewer and a desktop until one of them ends: then the viewer is closed with 1001, so that
 * its page connects again, and the desktop's stream is destroyed. `socket` is the one under `viewer`. Of what the viewer
 * sends, only what its seat allows reaches the desktop; one that does not speak RFB is closed with 1003.
 *
 * Nothing more is read of a side before the other has taken what was read: neither slows anybody else, nor takes memory.
 */
export function bridge(
  viewer: WebSocket,
  socket: Duplex,
  stream: Duplex,
  takeSeat: (lost: () => void) => Seat,
): void {
  const desktop = readByBuffer(stream, (bytes) => {
    viewer.send(bytes, (error) => {
      if (!error) desktop.resume()
    })
    return socket.writableLength === 0 // the kernel has it all
  })

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
