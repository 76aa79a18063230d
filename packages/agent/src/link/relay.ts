import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { TakeBytes } from '../desktop/x-server.ts'

/**
 * Writes what is read to `socket`, and reads on when all of it was taken: mostly at once, as the kernel has copied it then. With one
 * large buffer for all reads this costs a third less than with 64 KiB that are allocated for each.
 */
export function passOnTo(socket: Socket): TakeBytes {
  return (bytes, from) => {
    socket.write(bytes, (error) => {
      if (!error) from.resume()
    })
    return socket.writableLength === 0
  }
}

/** Passes what `socket` sends on to the X server, until one of the two has closed; then ends the other. */
export async function untilOneCloses(desktop: Socket, socket: Socket): Promise<void> {
  socket.on('data', (bytes) => {
    if (!desktop.write(bytes)) socket.pause()
  })
  desktop.on('drain', () => socket.resume())
  await Promise.race([closed(desktop), closed(socket)])
  socket.end()
  desktop.end()
  desktop.resume() // one that nobody reads does not see that the X server has closed too
}

async function closed(side: Socket): Promise<void> {
  if (!side.closed) await once(side, 'close').catch(() => {})
}
