import { z } from 'zod'

/** A terminal's window, in character cells. */
export const TerminalSize = z.strictObject({
  columns: z.int().min(2).max(1000),
  rows: z.int().min(1).max(1000),
})
export type TerminalSize = z.infer<typeof TerminalSize>

/**
 * A shell in a job's sandbox, on the WebSocket `/jobs/{id}/terminal?columns=80&rows=24` (RFC 6455). Binary messages are
 * bytes: what is typed from the client, what is printed from the server. A client's text messages are these, in JSON: the
 * window's new size, and how many more of the printed bytes it has shown. The server sends no more than `terminalAhead`
 * bytes of which it has not been told that they were shown.
 */
export const TerminalMessage = z.union([
  z.strictObject({ size: TerminalSize }),
  z.strictObject({ shown: z.int().min(1).max(Number.MAX_SAFE_INTEGER) }),
])
export type TerminalMessage = z.infer<typeof TerminalMessage>

/** What a job’s terminals printed since the last of these, at most once a second. */
export const TerminalOutput = z.object({
  text: z
    .string()
    .describe(
      'Without what a terminal would obey: colours, cursor movement, titles. Any other character may be in it.',
    ),
  missing: z.int().describe('How many characters before `text` were printed in that second and left out.'),
})
export type TerminalOutput = z.infer<typeof TerminalOutput>

export const terminalAhead = 256 * 1024

/** A frame's payload holds at most so many bytes. */
const payloadBytes = 0xffff
const kinds = { typed: 0, size: 1 } as const

/**
 * What is typed, as frames for the link's `terminal`: one byte for the kind (0: typed bytes, 1: the window's size as two
 * 16-bit numbers, columns first), 16 bits of length, and so many bytes; numbers are big-endian.
 */
export function* typedFrames(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += payloadBytes)
    yield frame(kinds.typed, bytes.subarray(start, start + payloadBytes))
}

/** A new size of the window, as such a frame. */
export function sizeFrame({ columns, rows }: TerminalSize): Uint8Array {
  return frame(kinds.size, Uint8Array.of(columns >> 8, columns & 255, rows >> 8, rows & 255))
}

function frame(kind: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(3 + payload.length)
  bytes.set([kind, payload.length >> 8, payload.length & 255])
  bytes.set(payload, 3)
  return bytes
}
