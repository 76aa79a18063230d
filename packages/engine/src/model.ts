import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { pipeline } from 'node:stream/promises'
import { getLlama, GgufFileType, LlamaLogLevel, type LlamaModel } from 'node-llama-cpp'
import { chatTemplateOf, thinks } from './prompt.ts'

export interface Model {
  name: string
  /** Bytes of the file. */
  size: number
  /** SHA-256 of the file, in hexadecimal. */
  digest: string
  modifiedAt: Date
  details: Details
  /** The GGUF metadata under their dotted names, without the vocabulary. */
  info: Record<string, unknown>
  /** The chat template (Jinja), or empty for a base model, which only completes text. */
  template: string
  capabilities: readonly ('completion' | 'thinking')[]
  /** Nanoseconds that loading took. */
  loadDuration: number
  llama: LlamaModel
}

interface Details {
  parent_model: ''
  format: 'gguf'
  family: string
  families: readonly string[]
  parameter_size: string
  quantization_level: string
}

/**
 * Loads a GGUF file onto the CPU.
 * @throws when the file is missing, is no GGUF, or does not fit into memory
 */
export async function loadModel(file: string, name: string): Promise<Model> {
  const started = process.hrtime.bigint()
  const { size, mtime } = await stat(file)
  const library = await getLlama({
    build: 'never',
    gpu: false,
    // llama.cpp's threads wait for each other by spinning: with two threads on two cores and one other busy process,
    // 50 tokens/s became 1 (measured). One core stays free, which costs little: a small model is bound by memory.
    maxThreads: Math.max(1, availableParallelism() - 1),
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
  })
  const [llama, digest] = await Promise.all([library.loadModel({ modelPath: file }), sha256(file)])
  const info = flatten(llama.fileInfo.metadata)
  const template = chatTemplateOf(llama.fileInfo.metadata, name)
  return {
    name,
    size,
    digest,
    modifiedAt: mtime,
    details: detailsOf(llama),
    info: { ...info, 'general.parameter_count': parameterCount(llama) },
    template,
    capabilities: thinks(template) ? ['completion', 'thinking'] : ['completion'],
    loadDuration: Number(process.hrtime.bigint() - started),
    llama,
  }
}

function detailsOf(llama: LlamaModel): Details {
  const { architecture, file_type: type } = llama.fileInfo.metadata.general
  const quantization = type === undefined ? 'unknown' : GgufFileType[type]
  return {
    parent_model: '',
    format: 'gguf',
    family: architecture,
    families: [architecture],
    parameter_size: readableCount(parameterCount(llama)),
    quantization_level: quantization?.replace(/^(ALL|MOSTLY)_/, '') ?? 'unknown',
  }
}

function parameterCount(llama: LlamaModel): number {
  const tensors = llama.fileInfo.fullTensorInfo ?? []
  return tensors.reduce(
    (sum, { dimensions }) => sum + dimensions.reduce<number>((all, one) => all * Number(one), 1),
    0,
  )
}

function readableCount(count: number): string {
  return count >= 1e9 ? `${(count / 1e9).toFixed(1)}B` : `${(count / 1e6).toFixed(2)}M`
}

/** Arrays (vocabulary, merges) become null, as in Ollama's answer: they are megabytes that nobody asked for. */
function flatten(value: object, prefix = ''): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [key, entry] of Object.entries(value)) {
    const path = `${prefix}${key}`
    if (Array.isArray(entry)) out[path] = null
    else if (typeof entry === 'bigint') out[path] = Number(entry)
    else if (typeof entry === 'object' && entry !== null) Object.assign(out, flatten(entry, `${path}.`))
    else if (path !== 'tokenizer.chat_template') out[path] = entry
  }
  return out
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
