import { GatewayError } from './gateway-error.ts'
import { createLineReader, type Line, type Piece } from './lines.ts'

/** What has come of an answer: its lines, and the final one. */
export type Reading = {
  /** Hands on what is good of a chunk, up to the final line; throws where the server reports an error or talks nonsense. */
  read(chunk: Buffer): void
  /** The server has sent all. Throws where the answer is not done. */
  end(): void
  /** Lines so far; a token makes one at most. */
  pieces(): number
  /** The final line, with the counts. */
  final(): Line | undefined
}

type Bounds = { maxTokens: number; maxBytes: number }

/** Reads a streamed answer of Ollama's protocol; `hand` gets whole lines. */
export function createReading(
  { maxTokens, maxBytes }: Bounds,
  hand: (piece: Piece, isLast: boolean) => void,
): Reading {
  const reader = createLineReader()
  // A token makes one line at most, but for those about the answer itself.
  const maxLines = 2 * maxTokens + 16
  let lines = 0
  let bytes = 0
  let final: Line | undefined

  function check(piece: Piece): void {
    if (final) return
    bytes += piece.bytes.length
    const last = piece.lines.findIndex((line) => line.done === true || line.error !== undefined)
    const error = piece.lines[last]?.error
    const good = last < 0 ? piece : upTo(piece, error === undefined ? last + 1 : last)
    lines += good.lines.length
    if (last >= 0 && error === undefined) final = piece.lines[last]
    if (good.lines.length > 0) hand(good, final !== undefined)
    if (error !== undefined) throw new GatewayError('model_error', error)
    if (piece.nonsense && !final) throw nonsense()
    if (lines > maxLines || bytes > maxBytes) throw tooLong()
  }

  return {
    read: (chunk) => check(reader.read(chunk)),
    end() {
      check(reader.rest())
      if (!final)
        throw new GatewayError('model_error', 'the model server ended its answer before it was done')
    },
    pieces: () => lines,
    final: () => final,
  }
}

const nonsense = () =>
  new GatewayError('model_error', 'the model server sent something that is not Ollama’s protocol')
const tooLong = () =>
  new GatewayError('answer_too_long', 'the model server went on past the limits of an answer')

function upTo(piece: Piece, count: number): Piece {
  if (count === piece.lines.length) return piece
  const lines = piece.lines.slice(0, count)
  return { ...piece, lines, bytes: Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')) }
}
