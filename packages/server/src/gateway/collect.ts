import type { Line, ToolCall } from './lines.ts'

/** Puts a streamed answer together, as Ollama itself would have sent it to one who asked not to stream. */
export function createCollector(): { add(line: Line): void; whole(): Line } {
  const text: string[] = []
  const thinking: string[] = []
  const toolCalls: ToolCall[] = []
  const logprobs: unknown[] = []
  let last: Line = {}

  function add(line: Line): void {
    last = line
    const part = line.message ?? line
    text.push(line.message?.content ?? line.response ?? '')
    thinking.push(part.thinking ?? '')
    toolCalls.push(...(line.message?.tool_calls ?? []))
    logprobs.push(...(line.logprobs ?? []))
  }

  function whole(): Line {
    const thought = thinking.join('')
    const thoughts = thought === '' ? {} : { thinking: thought }
    const calls = toolCalls.length === 0 ? {} : { tool_calls: toolCalls }
    return {
      ...last,
      ...(last.message
        ? { message: { ...last.message, content: text.join(''), ...thoughts, ...calls } }
        : { response: text.join(''), ...thoughts }),
      ...(logprobs.length > 0 && { logprobs }),
    }
  }

  return { add, whole }
}
