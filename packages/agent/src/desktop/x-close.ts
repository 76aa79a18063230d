import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { display } from '../places.ts'

const internAtom = 16
const sendEvent = 25
const clientMessage = 33
const answerMilliseconds = 5000

/**
 * Asks windows to close, as a click on their cross does (ICCCM, 4.2.8.1): a program with something to lose asks back instead
 * of losing it. Speaks the X Window System Protocol, version 11, on the X server's own socket.
 */
export async function closeWindows(windows: readonly number[]): Promise<void> {
  const socket = connect(`/tmp/.X11-unix/X${display.slice(1)}`)
  socket.setTimeout(answerMilliseconds, () => socket.destroy(new Error('the X server did not answer')))
  try {
    await once(socket, 'connect')
    socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    const setup = await take(socket, 8)
    if (setup[0] !== 1) throw new Error('the X server refused the connection')
    await take(socket, 4 * setup.readUInt16LE(6))
    const protocols = await atom(socket, 'WM_PROTOCOLS')
    const deleteWindow = await atom(socket, 'WM_DELETE_WINDOW')
    for (const window of windows) socket.write(request(window, protocols, deleteWindow))
    // Its answer comes after the requests before it were done.
    await atom(socket, 'WM_PROTOCOLS')
  } finally {
    socket.destroy()
  }
}

async function atom(socket: Socket, name: string): Promise<number> {
  const padded = Buffer.alloc(8 + 4 * Math.ceil(name.length / 4))
  padded.set([internAtom, 0, padded.length / 4, 0, name.length, 0])
  padded.write(name, 8)
  socket.write(padded)
  for (;;) {
    const answer = await take(socket, 32)
    if (answer[0] === 1) return answer.readUInt32LE(8)
  }
}

function request(window: number, type: number, protocol: number): Buffer {
  const bytes = Buffer.alloc(44)
  bytes.set([sendEvent, 0, 11, 0])
  bytes.writeUInt32LE(window, 4)
  bytes.set([clientMessage, 32], 12)
  bytes.writeUInt32LE(window, 16)
  bytes.writeUInt32LE(type, 20)
  bytes.writeUInt32LE(protocol, 24)
  return bytes
}

async function take(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null
    if (bytes) return bytes
    await once(socket, 'readable')
  }
}
