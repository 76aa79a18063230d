import { limits } from '@vitrine/contract/limits.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ClientMessages, RfbError, type ClientMessage } from './client-messages.ts'

const { clipboardBytes } = limits
const hello = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 1])])

/** Reads these chunks after a handshake; what is yielded is copied, for it may be a view. */
function read(...chunks: Buffer[]): ClientMessage[] {
  const messages = new ClientMessages()
  const all = [hello, ...chunks].flatMap((chunk) => messages.push(chunk))
  return all.slice(3).map(({ kind, bytes }) => ({ kind, bytes: Buffer.from(bytes) }))
}

const sized = (head: number[], body: Buffer) => Buffer.concat([Buffer.from(head), body])
const filled = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes))
const fixed = (type: number, length: number) => filled(length - 1).map((body) => sized([type], body))
const u32 = (value: number) => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]

const message: fc.Arbitrary<ClientMessage> = fc.oneof(
  fixed(4, 8).map((bytes) => ({ kind: 'key' as const, bytes })),
  filled(10).map((body) => ({ kind: 'key' as const, bytes: sized([255, 0], body) })),
  fixed(5, 6).map((bytes) => ({ kind: 'pointer' as const, bytes })),
  fc.uint8Array({ maxLength: 300 }).map((text) => ({
    kind: 'clipboard' as const,
    bytes: sized([6, 0, 0, 0, ...u32(text.length)], Buffer.from(text)),
  })),
  fc.uint8Array({ maxLength: 300 }).map((zipped) => ({
    kind: 'clipboard' as const,
    bytes: sized([6, 0, 0, 0, ...u32(-(zipped.length + 4)), 0x10, 0, 0, 1], Buffer.from(zipped)),
  })),
  fc.integer({ min: 0, max: 5 }).chain((screens) =>
    filled(16 * screens).map((body) => ({
      kind: 'resize' as const,
      bytes: sized([251, 0, 5, 0, 3, 0, screens, 0], body),
    })),
  ),
  fixed(0, 20).map((bytes) => ({ kind: 'other' as const, bytes })),
  fixed(3, 10).map((bytes) => ({ kind: 'other' as const, bytes })),
  fixed(150, 10).map((bytes) => ({ kind: 'other' as const, bytes })),
  fc.uint8Array({ maxLength: 64 }).map((payload) => ({
    kind: 'other' as const,
    bytes: sized([248, 0, 0, 0, 0, 0, 0, 1, payload.length], Buffer.from(payload)),
  })),
  fc.array(fc.integer({ min: -300, max: 50 }), { maxLength: 40 }).map((encodings) => ({
    kind: 'other' as const,
    bytes: sized([2, 0, 0, encodings.length], Buffer.from(encodings.flatMap(u32))),
  })),
)

/** Cuts `bytes` at these places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}

describe('a viewer’s stream', () => {
  test('is split into the messages it was made of, wherever its chunks end', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        fc.array(fc.nat(10_000), { maxLength: 20 }),
        (messages, places) => {
          const stream = Buffer.concat(messages.map(({ bytes }) => bytes))
          expect(read(...cut(stream, places))).toEqual(messages)
        },
      ),
    )
  })

  test('may be of any bytes: each is taken or refused, and never more is passed on than was sent', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (chunks) => {
        const messages = new ClientMessages()
        let passed = 0
        try {
          for (const chunk of [hello, ...chunks.map((bytes) => Buffer.from(bytes))])
            for (const { bytes } of messages.push(chunk)) passed += bytes.length
        } catch (error) {
          expect(error).toBeInstanceOf(RfbError)
        }
        expect(passed).toBeLessThanOrEqual(hello.length + chunks.reduce((sum, { length }) => sum + length, 0))
      }),
    )
  })

  test('may begin with any version of RFB, and with no security but None', () => {
    const start = (text: string, ...rest: number[]) => {
      const chunk = Buffer.concat([Buffer.from(text), Buffer.from(rest)])
      return new ClientMessages().push(chunk).map(({ bytes }) => bytes.length)
    }
    expect(start('RFB 003.003\n', 1, 4, 1, 0, 0, 0, 0, 0, 65)).toEqual([12, 1, 8])
    expect(start('RFB 003.007\n', 1, 1)).toEqual([12, 1, 1])
    expect(() => start('RFB 004.001\n')).toThrow(/no version of RFB/)
    expect(() => start('GET / HTTP/1')).toThrow(/no version of RFB/)
    expect(() => start('RFB 003.008\n', 2)).toThrow('security type 2 is not offered')
  })

  test('is refused for types and lengths that nobody sends', () => {
    expect(() => read(Buffer.from([9]))).toThrow('message type 9 is not known here')
    expect(() => read(Buffer.from([255, 1]))).toThrow('QEMU message 1 is not known here')
    expect(() => read(Buffer.from([2, 0, 0xff, 0xff]))).toThrow(/65535 encodings are too many/)
    expect(() => read(Buffer.from([248, 0, 0, 0, 0, 0, 0, 0, 65]))).toThrow(/65 bytes in a fence/)
    for (const length of [0x7fffffff, 0x80000000, 16 * 1024 * 1024 + 1]) {
      expect(() => read(Buffer.from([6, 0, 0, 0, ...u32(length)]))).toThrow(/on the clipboard are too many/)
    }
  })

  test('loses a clipboard text over 256 KiB, and nothing that follows it', () => {
    const key = Buffer.from([4, 1, 0, 0, 0, 0, 0, 65])
    const fits = sized([6, 0, 0, 0, ...u32(clipboardBytes)], Buffer.alloc(clipboardBytes, 5))
    const tooLong = sized([6, 0, 0, 0, ...u32(clipboardBytes + 1)], Buffer.alloc(clipboardBytes + 1, 5))
    const stream = Buffer.concat([fits, key, tooLong, key])
    const places = Array.from({ length: 40 }, (_, index) => index * 13_337)
    expect(read(...cut(stream, places)).map(({ kind, bytes }) => [kind, bytes.length])).toEqual([
      ['clipboard', clipboardBytes + 8],
      ['key', 8],
      ['key', 8],
    ])
  })

  test('may negotiate the extended clipboard without driving, with the right length only', () => {
    const caps = (length: number) =>
      sized([6, 0, 0, 0, ...u32(-length), 0x1f, 0, 0, 1], Buffer.alloc(length - 4))
    expect(read(caps(8)).map(({ kind }) => kind)).toEqual(['other'])
    expect(() => read(caps(16))).toThrow(/wrong length/)
    const asks = (length: number) =>
      sized([6, 0, 0, 0, ...u32(-length), 2, 0, 0, 1], Buffer.alloc(length - 4))
    expect(read(asks(4)).map(({ kind }) => kind)).toEqual(['clipboard'])
    expect(() => read(asks(12))).toThrow(/wrong length/)
    expect(() => read(Buffer.from([6, 0, 0, 0, ...u32(-2), 0, 0]))).toThrow(/too short/)
  })

  test('can’t agree on extended mouse buttons, nor press power buttons', () => {
    const encodings = [7, -316, -224]
    const [message] = read(Buffer.from([2, 0, 0, 3, ...encodings.flatMap(u32)]))
    expect([4, 8, 12].map((at) => message!.bytes.readInt32BE(at))).toEqual([7, 0, -224])
    expect(read(Buffer.from([250, 0, 1, 2]))).toEqual([])
  })
})
