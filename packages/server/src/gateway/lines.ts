import { GatewayError } from './gateway-error.ts'

/** One line of Ollama's streamed answer; see `ChatResponse` and `GenerateResponse` in its `api/types.go`. */
export type Line = {
  model?: string
  created_at?: string
  response?: string
  thinking?: string
  message?: Message
  logprobs?: unknown[]
  done?: boolean
  done_reason?: string
  prompt_eval_count?: number
  eval_count?: number
  error?: string
}

export type Message = { role: string; content: string; thinking?: string; tool_calls?: ToolCall[] }
export type ToolCall = { id?: string; function: { name: string; arguments: object } }

/** Whole lines, and the bytes that they came in. */
export type Piece = { lines: Line[]; bytes: Buffer }

const longestLine = 4 * 1024 * 1024

/**
 * Cuts a stream's chunks at line ends, so that what is handed on is always whole lines. Bytes are not copied where a
 * chunk ends with a line, as Ollama's do. `rest` is what came after the last line end.
 */
export function createLineReader(): { read(chunk: Buffer): Piece; rest(): Piece } {
  let open: Buffer = Buffer.alloc(0)

  function read(chunk: Buffer): Piece {
    const all = open.length > 0 ? Buffer.concat([open, chunk]) : chunk
    const end = all.lastIndexOf(10) + 1
    open = all.subarray(end)
    if (open.length > longestLine)
      throw new GatewayError('model_error', 'the model server sent an endless line')
    return piece(all.subarray(0, end))
  }

  function rest(): Piece {
    const last = open
    open = Buffer.alloc(0)
    return piece(last.length > 0 ? Buffer.concat([last, Buffer.from('\n')]) : last)
  }

  return { read, rest }
}

function piece(bytes: Buffer): Piece {
  const lines: Line[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(10, start)
    const text = bytes.toString('utf8', start, end)
    if (text.trim() !== '') lines.push(parseLine(text))
    start = end + 1
  }
  return { lines, bytes }
}

function parseLine(text: string): Line {
  let line: unknown
  try {
    line = JSON.parse(text)
  } catch {
    line = undefined
  }
  if (typeof line === 'object' && line !== null && !Array.isArray(line)) return line
  throw new GatewayError('model_error', 'the model server sent something that is not Ollama’s protocol')
}
