import type { GatewayError } from './gateway-error.ts'
import type { Line, Piece } from './lines.ts'

/** How an answer is written for a caller: Ollama's protocol or OpenAI's. */
export type Dialect = {
  /** Of a streamed answer. */
  contentType: string
  piece(piece: Piece): Buffer | string
  /** What ends a stream. */
  end: string
  /** A whole answer, for one who asked not to stream. */
  whole(answer: Line): object
  error(error: GatewayError): object
  /** An error after the stream has begun. */
  errorPiece(error: GatewayError): string
}

/** As the model server sent it. An error also carries a `code` that programs can branch on. */
export const ollamaDialect: Dialect = {
  contentType: 'application/x-ndjson',
  piece: ({ bytes }) => bytes,
  end: '',
  whole: (answer) => answer,
  error: ({ message, code }) => ({ error: message, code }),
  errorPiece: ({ message, code }) => `${JSON.stringify({ error: message, code })}\n`,
}
