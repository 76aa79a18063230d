import { parseArgs } from 'node:util'

export interface Flags {
  /** The GGUF file to serve. */
  modelFile: string
  /** The name that callers ask for. */
  name: string
  listen: { host: string; port: number } | { path: string }
  /** Stop when standard input ends, so that no engine outlives the process that started it. */
  untilStdinEnds: boolean
}

export const USAGE = `usage: node main.ts --model-file FILE [--name NAME] [--port N | --socket PATH] [--until-stdin-ends]

Serves Ollama's protocol for one GGUF model on the CPU.
  --model-file FILE    the GGUF file
  --name NAME          the model's name (default: the file's name)
  --port N             port on 127.0.0.1; 0 takes a free one (default: 11434)
  --socket PATH        listen on a Unix socket instead
  --until-stdin-ends   stop when standard input ends`

/**
 * Reads the command line (without node and script).
 * @throws Error that lists everything that is wrong with it
 */
export function parseFlags(argv: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      'model-file': { type: 'string' },
      name: { type: 'string' },
      port: { type: 'string' },
      socket: { type: 'string' },
      'until-stdin-ends': { type: 'boolean', default: false },
    },
  })
  const { 'model-file': modelFile = '', port = '11434', socket } = values
  const wrong: string[] = []
  if (modelFile === '') wrong.push('--model-file is missing')
  if (values.port !== undefined && socket !== undefined) wrong.push('--port and --socket exclude each other')
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    wrong.push(`--port ${port} is not a port from 0 to 65535`)
  if (socket === '') wrong.push('--socket is empty')
  if (wrong.length > 0) throw new Error(wrong.join('; '))
  return {
    modelFile,
    name: values.name ?? nameOf(modelFile),
    listen: socket === undefined ? { host: '127.0.0.1', port: Number(port) } : { path: socket },
    untilStdinEnds: values['until-stdin-ends'],
  }
}

/** The model name for a file that was given without one: `/x/Qwen3-0.6B-Q8_0.gguf` is `qwen3-0.6b-q8_0:latest`. */
export function nameOf(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1)
  return `${base.replace(/\.gguf$/i, '').toLowerCase()}:latest`
}
