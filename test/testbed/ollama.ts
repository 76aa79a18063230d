import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync } from 'node:fs'
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { installDemonstration } from '../../packages/engine/src/install.ts'
import { GEMMA, SMOLLM, type DemonstrationModel } from '../../packages/engine/src/models.ts'
import { run } from '../../packages/engine/src/run.ts'
import { freePort } from './free-port.ts'

const VERSION = '0.17.4'
/** The module leaves out the headers that Ollama's llama.cpp vendors; this one comes with another Go module. */
const MINIAUDIO = 'github.com/gen2brain/malgo@v0.11.24'
const HEADER_PACKAGES = {
  '/usr/include/nlohmann/json.hpp': 'nlohmann-json3-dev',
  '/usr/include/stb': 'libstb-dev',
}
const START_MS = 60_000

export interface TestOllama {
  url: string
  /** The names of its models: one for chat, and one base model that only completes text. */
  models: string[]
  stop(): Promise<void>
}

/**
 * Starts a real Ollama with two small models on a free loopback port. The first call on a machine builds it (about
 * four minutes) and needs root or the header packages, a C++ compiler and Go; later calls take seconds.
 *
 * @param cacheDir keeps what was built and downloaded (default: `$VITRINE_CACHE_DIR`, else `~/.cache/vitrine`)
 * @throws Error that says what is missing on this machine
 */
export async function startOllama({
  cacheDir = process.env['VITRINE_CACHE_DIR'] ?? join(homedir(), '.cache', 'vitrine'),
  progress = () => {},
}: { cacheDir?: string; progress?: (line: string) => void } = {}): Promise<TestOllama> {
  const home = join(cacheDir, `ollama-${VERSION}`)
  const binary = join(home, 'ollama')
  if (!existsSync(binary)) await build(home, binary, progress)
  const server = await serve(home, binary)
  try {
    const models = [
      await ensureModel(server.url, { home, cacheDir, binary, progress }, SMOLLM, CHATML),
      await ensureModel(server.url, { home, cacheDir, binary, progress }, GEMMA, 'TEMPLATE {{ .Prompt }}\n'),
    ]
    return { ...server, models }
  } catch (error) {
    await server.stop()
    throw error
  }
}

const CHATML = `TEMPLATE """{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
PARAMETER stop <|im_end|>
`

async function build(home: string, binary: string, progress: (line: string) => void): Promise<void> {
  const go = await findGo()
  await installHeaders(progress)
  const include = join(home, 'build', 'include')
  await mkdir(join(include, 'miniaudio'), { recursive: true })
  const { Dir: miniaudio } = JSON.parse(await output([go, 'mod', 'download', '-json', MINIAUDIO])) as {
    Dir: string
  }
  await copyFile(join(miniaudio, 'miniaudio.h'), join(include, 'miniaudio', 'miniaudio.h'))

  progress(`building Ollama ${VERSION}: about four minutes on two cores`)
  const flags = `-O3 -march=native -w -I${include}`
  const bin = join(home, 'build', 'bin')
  const target = `github.com/ollama/ollama@v${VERSION}`
  const linker = `-X github.com/ollama/ollama/version.Version=${VERSION}`
  const environment = [`CGO_CFLAGS=${flags}`, `CGO_CXXFLAGS=${flags}`, `GOBIN=${bin}`, 'CGO_ENABLED=1']
  await output(['env', ...environment, go, 'install', '-ldflags', linker, target])
  await rename(join(bin, 'ollama'), binary)
  await rm(join(home, 'build'), { recursive: true })
}

/** Debian 12's own Go (1.19) is too old to build it, and too old to fetch a newer one by itself. */
async function findGo(): Promise<string> {
  for (const go of ['go', '/usr/local/go/bin/go']) {
    const version = await versionOf(go)
    if (version !== undefined && version >= 21) return go
  }
  throw new Error(
    'building Ollama for the tests wants Go 1.21 or newer, and there is none in PATH or /usr/local/go: ' +
      'install it from https://go.dev/dl (the golang package of Debian 12 is too old)',
  )
}

async function versionOf(go: string): Promise<number | undefined> {
  try {
    const { tail } = await run([go, 'version'])
    return Number(/go1\.(\d+)/.exec(tail)?.[1] ?? 0)
  } catch {
    return undefined
  }
}

async function installHeaders(progress: (line: string) => void): Promise<void> {
  const missing = Object.entries(HEADER_PACKAGES).flatMap(([file, name]) => (existsSync(file) ? [] : [name]))
  if (!existsSync('/usr/bin/c++')) missing.push('g++')
  if (missing.length === 0) return
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(
      `building Ollama for the tests wants ${missing.join(', ')}: as root, apt-get install -y ${missing.join(' ')}`,
    )
  }
  progress(`installing ${missing.join(', ')}`)
  await output(['apt-get', 'update', '-qq'])
  await output([
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    'install',
    '-y',
    '--no-install-recommends',
    ...missing,
  ])
}

async function serve(home: string, binary: string): Promise<Omit<TestOllama, 'models'>> {
  const host = `127.0.0.1:${await freePort()}`
  const url = `http://${host}`
  const env = { ...process.env, OLLAMA_HOST: host, OLLAMA_MODELS: join(home, 'models'), HOME: home }
  const child = spawn(binary, ['serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(join(home, 'serve.log'))
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  const exited = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
    log.end()
  }
  const died = exited.then(([code]) => {
    throw new Error(`Ollama ended with exit code ${code}; see ${join(home, 'serve.log')}`)
  })
  await Promise.race([ready(url), died])
  return { url, stop }
}

async function ready(url: string): Promise<void> {
  const giveUp = Date.now() + START_MS
  while (!(await answers(url))) {
    if (Date.now() > giveUp) throw new Error(`Ollama does not answer at ${url} after ${START_MS / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/api/version`)).ok
  } catch {
    return false
  }
}

interface Place {
  home: string
  cacheDir: string
  binary: string
  progress: (line: string) => void
}

/** Creates the model unless this Ollama has it. */
async function ensureModel(
  url: string,
  place: Place,
  model: DemonstrationModel,
  modelfile: string,
): Promise<string> {
  const known = await fetch(`${url}/api/show`, {
    method: 'POST',
    body: JSON.stringify({ model: model.name }),
  })
  if (known.ok) return model.name
  const { file } = await installDemonstration(model, join(place.cacheDir, 'models'), place)
  const description = join(place.home, `${model.file}.modelfile`)
  await writeFile(description, `FROM ${file}\n${modelfile}`)
  place.progress(`creating ${model.name}`)
  await output([
    'env',
    `OLLAMA_HOST=${url}`,
    `HOME=${place.home}`,
    place.binary,
    'create',
    model.name,
    '-f',
    description,
  ])
  return model.name
}

/** Runs a program to its end and gives what it printed last; throws with that when it fails. */
async function output([program, ...argv]: [string, ...string[]]): Promise<string> {
  const { code, tail } = await run([program, ...argv])
  if (code !== 0)
    throw new Error(`${program} ${argv.join(' ').slice(0, 200)} failed with exit code ${code}:\n${tail}`)
  return tail
}

if (import.meta.main) {
  const ollama = await startOllama({ progress: (line) => console.error(line) })
  console.log(`${ollama.url} with ${ollama.models.join(', ')}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void ollama.stop())
}
