import { limits } from '@vitrine/contract/limits.ts'

/** What a viewer's message does: only `other` is for everybody, the rest is for who drives. */
export type ClientMessage = {
  kind: 'key' | 'pointer' | 'clipboard' | 'resize' | 'other'
  bytes: Buffer
}

/** A viewer sent what RFB does not have; `message` says what. */
export class RfbError extends Error {
  override name = 'RfbError'
}

const { clipboardBytes } = limits
/** Longer texts up to here are passed over, as a person may paste what is too long; beyond it is an attack. */
const skippedBytes = 16 * 1024 * 1024
const maxEncodings = 1024
const maxFenceBytes = 64

const type = {
  setPixelFormat: 0,
  setEncodings: 2,
  updateRequest: 3,
  key: 4,
  pointer: 5,
  cutText: 6,
  continuousUpdates: 150,
  fence: 248,
  xvp: 250,
  setDesktopSize: 251,
  qemu: 255,
} as const

/** Stage by stage: 12 bytes of version, a security type, ClientInit (RFC 6143, 7.1 to 7.3), then messages (7.5). */
type Stage = 'version' | 'security' | 'init' | 'messages'

/**
 * Splits what a viewer sends into whole RFB client messages (RFC 6143, 7.5, and the extensions that noVNC uses,
 * https://github.com/rfbproto/rfbproto), wherever its chunks end. Messages are views of the chunks; only one that is cut
 * by a chunk's end is copied. What is longer than it may be, or no message of an X server that we run, is an `RfbError`.
 */
export class ClientMessages {
  #stage: Stage = 'version'
  #pending: Buffer[] = []
  #pendingBytes = 0
  #skip = 0

  /** The messages that this chunk completes. */
  push(chunk: Buffer): ClientMessage[] {
    const messages: ClientMessage[] = []
    let rest = this.#joined(this.#skipped(chunk))
    while (rest.length > 0) {
      const length = this.#lengthOf(rest)
      if (length > rest.length) break
      const bytes = rest.subarray(0, length)
      const message = this.#read(bytes)
      if (message) messages.push(message)
      rest = this.#skipped(rest.subarray(length))
    }
    if (rest.length > 0) this.#keep(rest)
    return messages
  }

  #skipped(chunk: Buffer): Buffer {
    const skipped = Math.min(this.#skip, chunk.length)
    this.#skip -= skipped
    return chunk.subarray(skipped)
  }

  /** A long message in many chunks is put together once, not at each of them. */
  #joined(chunk: Buffer): Buffer {
    if (this.#pendingBytes === 0) return chunk
    const head = this.#pending[0]!
    const wanted = head.length >= 12 ? this.#lengthOf(head) : 0
    if (this.#pendingBytes + chunk.length < wanted) {
      if (chunk.length > 0) this.#keep(chunk)
      return Buffer.alloc(0)
    }
    const whole = Buffer.concat([...this.#pending, chunk])
    this.#pending = []
    this.#pendingBytes = 0
    return whole
  }

  #keep(rest: Buffer): void {
    this.#pending.push(Buffer.from(rest))
    this.#pendingBytes += rest.length
  }

  /** How many bytes the message has that `bytes` begin with: more than there are where it is not yet known. */
  #lengthOf(bytes: Buffer): number {
    if (this.#stage === 'version') return 12
    if (this.#stage !== 'messages') return 1
    return messageLength(bytes)
  }

  #read(bytes: Buffer): ClientMessage | null {
    if (this.#stage === 'version') {
      const version = /^RFB 003\.00([378])\n$/.exec(bytes.toString('latin1'))?.[1]
      if (version === undefined) throw new RfbError('the viewer speaks no version of RFB that is known here')
      // Version 3.3 leaves the security type to the server (RFC 6143, appendix A).
      this.#stage = version === '3' ? 'init' : 'security'
      return { kind: 'other', bytes }
    }
    if (this.#stage === 'security') {
      if (bytes[0] !== 1) throw new RfbError(`security type ${bytes[0]} is not offered`)
      this.#stage = 'init'
      return { kind: 'other', bytes }
    }
    if (this.#stage === 'init') {
      this.#stage = 'messages'
      return { kind: 'other', bytes }
    }
    return this.#readMessage(bytes)
  }

  #readMessage(bytes: Buffer): ClientMessage | null {
    switch (bytes[0]) {
      case type.key:
      case type.qemu:
        return { kind: 'key', bytes }
      case type.pointer:
        return { kind: 'pointer', bytes }
      case type.setDesktopSize:
        return { kind: 'resize', bytes }
      case type.cutText:
        return this.#readCutText(bytes)
      case type.setEncodings:
        withoutExtendedButtons(bytes)
        return { kind: 'other', bytes }
      // Power buttons: the X server has none, and would end the connection.
      case type.xvp:
        return null
      default:
        return { kind: 'other', bytes }
    }
  }

  #readCutText(bytes: Buffer): ClientMessage | null {
    const { length, extended } = cutText(bytes)
    if (length > clipboardBytes) {
      this.#skip = length
      return null
    }
    const isCaps = extended && isCapabilities(bytes, length)
    return { kind: isCaps ? 'other' : 'clipboard', bytes }
  }
}

const unknown = Number.POSITIVE_INFINITY

function messageLength(bytes: Buffer): number {
  const has = (count: number) => bytes.length >= count
  switch (bytes[0]) {
    case type.setPixelFormat:
      return 20
    case type.setEncodings:
      return has(4) ? 4 + 4 * atMost(bytes.readUInt16BE(2), maxEncodings, 'encodings') : unknown
    case type.updateRequest:
    case type.continuousUpdates:
      return 10
    case type.key:
      return 8
    case type.pointer:
      return 6
    case type.cutText:
      return has(8) ? cutTextLength(bytes) : unknown
    case type.fence:
      return has(9) ? 9 + atMost(bytes.readUInt8(8), maxFenceBytes, 'bytes in a fence') : unknown
    case type.xvp:
      return 4
    case type.setDesktopSize:
      return has(8) ? 8 + 16 * bytes.readUInt8(6) : unknown
    case type.qemu:
      if (has(2) && bytes[1] !== 0) throw new RfbError(`QEMU message ${bytes[1]} is not known here`)
      return 12
    default:
      throw new RfbError(`message type ${bytes[0]} is not known here`)
  }
}

/** Of a text that is too long only the head is a message; what follows is passed over. */
function cutTextLength(bytes: Buffer): number {
  const { length } = cutText(bytes)
  atMost(length, skippedBytes, 'bytes on the clipboard')
  return length > clipboardBytes ? 8 : 8 + length
}

/** A negative length marks the extended clipboard's messages. */
function cutText(bytes: Buffer): { length: number; extended: boolean } {
  const length = bytes.readInt32BE(4)
  return { length: Math.abs(length), extended: length < 0 }
}

/**
 * True for the extended clipboard's negotiation, which holds no text. A message that is longer than its flags say is
 * refused: the X server would take what is left over for messages of their own.
 */
function isCapabilities(bytes: Buffer, length: number): boolean {
  if (length < 4) throw new RfbError('an extended clipboard message is too short')
  const flags = bytes.readUInt32BE(8)
  const isCaps = (flags & 0x01000000) !== 0
  const isProvide = (flags & 0x10000000) !== 0
  const formats = bitsOf(flags & 0xffff)
  if (isCaps ? length !== 4 + 4 * formats : !isProvide && length !== 4) {
    throw new RfbError('an extended clipboard message has a wrong length')
  }
  return isCaps
}

/**
 * With extended mouse buttons (-316) the length of a pointer message depends on what viewer and X server agreed on, and
 * whoever could make the two of us disagree could hide input in other messages. Its place is taken by Raw.
 */
function withoutExtendedButtons(bytes: Buffer): void {
  for (let at = 4; at < bytes.length; at += 4) if (bytes.readInt32BE(at) === -316) bytes.writeInt32BE(0, at)
}

function atMost(count: number, most: number, what: string): number {
  if (count > most) throw new RfbError(`${count} ${what} are too many; at most ${most} are taken`)
  return count
}

function bitsOf(flags: number): number {
  let count = 0
  for (let left = flags; left !== 0; left &= left - 1) count++
  return count
}
