import type { InputAction } from '@vitrine/contract/control.ts'
import { VitrineError } from '@vitrine/contract/error.ts'
import type { Act } from './activity.ts'
import { keyNames, keysymOf, keysymOfCharacter } from './keysyms.ts'
import { openRfb } from './rfb.ts'
import type { OpenDesktop } from './viewers.ts'

const sendWithin = 4_000

/**
 * Types and clicks on a job’s desktop, over a connection of its own that ends with it. Returns when the X server has
 * taken everything. Throws `bad_request` for a key that there is not, `unavailable` where the desktop does not answer.
 */
export async function sendInput(
  open: OpenDesktop,
  job: string,
  actions: readonly InputAction[],
  signal: AbortSignal,
): Promise<void> {
  const messages = inputMessages(actions)
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(sendWithin)])
  const desktop = await open(job, bounded)
  try {
    const rfb = await openRfb(desktop, bounded)
    desktop.write(messages)
    // The X server answers in order: with a picture it has taken what came before.
    await rfb.readFrame()
  } catch (cause) {
    const why = bounded.aborted ? `it did not answer within ${sendWithin / 1000} s` : (cause as Error).message
    throw new VitrineError('unavailable', `The desktop of ${job} did not take the input: ${why}.`)
  } finally {
    desktop.destroy()
  }
}

/** How many keys and buttons these actions press. */
export function actsOf(actions: readonly InputAction[]): Record<Act, number> {
  const acts = { key: 0, click: 0 }
  for (const action of actions) {
    if ('text' in action) acts.key += Array.from(action.text).length
    else if ('keys' in action) acts.key += action.keys.length
    else acts.click += clicks[action.mouse.action]
  }
  return acts
}

const clicks = { move: 0, release: 0, press: 1, click: 1, up: 1, down: 1, double: 2 } as const

/** The RFB messages of these actions; what is still pressed after the last one is let go. */
export function inputMessages(actions: readonly InputAction[]): Buffer {
  const mouse = new Mouse()
  const messages = actions.flatMap((action, index) => {
    if ('text' in action)
      return Array.from(action.text).flatMap((character) => stroke(keysymOfCharacter(character)))
    if ('mouse' in action) return mouse.move(action.mouse)
    const keysyms = action.keys.map((key) => keysymOf(key) ?? unknownKey(key, index))
    return [...keysyms.map((one) => key(one, true)), ...keysyms.toReversed().map((one) => key(one, false))]
  })
  return Buffer.concat([...messages, ...mouse.letGo()])
}

/** KeyEvent, RFC 6143, 7.5.4. */
function key(keysym: number, down: boolean): Buffer {
  const message = Buffer.alloc(8)
  message[0] = 4
  message[1] = down ? 1 : 0
  message.writeUInt32BE(keysym, 4)
  return message
}

const stroke = (keysym: number) => [key(keysym, true), key(keysym, false)]

type MouseAction = Extract<InputAction, { mouse: unknown }>['mouse']

const buttonMask = { left: 1, middle: 2, right: 4 } as const
const wheelMask = { up: 8, down: 16 } as const

/** A mouse says with each message where it is and all that is pressed (RFC 6143, 7.5.5). */
class Mouse {
  #pressed = 0
  #x = 0
  #y = 0

  move({ x, y, action, button }: MouseAction): Buffer[] {
    this.#x = x
    this.#y = y
    const mask = buttonMask[button]
    switch (action) {
      case 'move':
        return [this.#at(this.#pressed)]
      case 'press':
        return [this.#at(this.#pressed), this.#at((this.#pressed |= mask))]
      case 'release':
        return [this.#at(this.#pressed), this.#at((this.#pressed &= ~mask))]
      case 'click':
        return this.#click(mask)
      case 'double':
        return [...this.#click(mask), ...this.#click(mask)]
      case 'up':
      case 'down':
        return this.#click(wheelMask[action])
    }
  }

  letGo(): Buffer[] {
    return this.#pressed === 0 ? [] : [this.#at(0)]
  }

  #click(mask: number): Buffer[] {
    return [this.#at(this.#pressed), this.#at(this.#pressed | mask), this.#at(this.#pressed & ~mask)]
  }

  #at(mask: number): Buffer {
    const message = Buffer.alloc(6)
    message[0] = 5
    message[1] = mask
    message.writeUInt16BE(this.#x, 2)
    message.writeUInt16BE(this.#y, 4)
    return message
  }
}

function unknownKey(key: string, action: number): never {
  const message = `${JSON.stringify(key)} is no key: send one character, or one of ${keyNames.join(', ')}`
  throw new VitrineError('bad_request', `${message}.`, [{ path: `actions.${action}.keys`, message }])
}
