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

/** Whole lines, and the bytes that they came in. `nonsense`: what followed them is no line of the protocol. */
export type Piece = { lines: Line[]; bytes: Buffer; nonsense: boolean }

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
    const piece = parsed(all.subarray(0, end))
    return open.length > longestLine ? { ...piece, nonsense: true } : piece
  }

  const rest = () => parsed(open.length > 0 ? Buffer.concat([open, Buffer.from('\n')]) : open)

  return { read, rest }
}

function parsed(bytes: Buffer): Piece {
  const lines: Line[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(10, start)
    const text = bytes.toString('utf8', start, end)
    const line = text.trim() === '' ? null : parseLine(text)
    if (line === undefined) return { lines, bytes: bytes.subarray(0, start), nonsense: true }
    if (line) lines.push(line)
    start = end + 1
  }
  return { lines, bytes, nonsense: false }
}

function parseLine(text: string): Line | undefined {
  try {
    const line: unknown = JSON.parse(text)
    return typeof line === 'object' && line !== null && !Array.isArray(line) ? line : undefined
  } catch {
    return undefined
  }
}
