import type { Act } from './activity.ts'
import { ClientMessages, type ClientMessage } from './client-messages.ts'
import type { Seat } from './lease.ts'

/** More keys than two hands can hold; what is pressed beyond them is dropped. */
const maxHeld = 64

export type InputGate = {
  /** Passes on what the viewer may send of `chunk`; true where the desktop takes no more for now. Throws `RfbError`. */
  push(chunk: Buffer): boolean
  leave(): void
}

/**
 * Stands between a viewer and a desktop: key, pointer, clipboard and resize messages pass while the viewer has the control
 * lease. When it loses it, the keys and buttons that it holds are let go.
 */
export function inputGate(
  takeSeat: (lost: () => void) => Seat,
  write: (bytes: Buffer) => boolean,
): InputGate {
  const messages = new ClientMessages()
  const held = new Map<string, Buffer>()
  let buttons = 0
  const seat = takeSeat(() => {
    for (const release of held.values()) write(release)
    held.clear()
  })

  return {
    push(chunk) {
      let isFull = false
      for (const message of messages.push(chunk)) {
        const act = actOf(message, buttons)
        if (message.kind === 'pointer') buttons = message.bytes[1]!
        if (message.kind !== 'other' && !(seat.mayInput(act) && hold(held, message))) continue
        isFull = !write(message.bytes) || isFull
      }
      return isFull
    },
    leave: () => seat.leave(),
  }
}

/** Only a key or button that goes down is an act and takes the lease: not a mouse that passes over the desktop. */
function actOf({ kind, bytes }: ClientMessage, buttons: number): Act | null {
  if (kind === 'key') return isKeyDown(bytes) ? 'key' : null
  return kind === 'pointer' && (bytes[1]! & ~buttons) !== 0 ? 'click' : null
}

const isQemu = (bytes: Buffer) => bytes[0] === 255
const isKeyDown = (bytes: Buffer) => (isQemu(bytes) ? bytes.readUInt16BE(2) !== 0 : bytes[1] !== 0)

/** Notes what is held down, as the message that lets it go; false where that is too much. */
function hold(held: Map<string, Buffer>, { kind, bytes }: ClientMessage): boolean {
  if (kind !== 'key' && kind !== 'pointer') return true
  const what = kind === 'pointer' ? 'pointer' : bytes.toString('hex', isQemu(bytes) ? 8 : 4)
  const isDown = kind === 'pointer' ? bytes[1] !== 0 : isKeyDown(bytes)
  if (!isDown) return held.delete(what) || true
  if (held.size >= maxHeld && !held.has(what)) return false
  const release = Buffer.from(bytes)
  if (isQemu(bytes)) release.writeUInt16BE(0, 2)
  else release[1] = 0
  held.set(what, release)
  return true
}
