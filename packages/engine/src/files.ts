import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, open, rename, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const MEGABYTE = 1_000_000

/**
 * Makes `file` by way of `work`, which gets a fresh directory beside it and gives the path of the finished file in
 * there. Only then the file gets its name, so what carries the name is whole; the directory is removed in any case.
 */
export async function publish(file: string, work: (directory: string) => Promise<string>): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const directory = await mkdtemp(`${file}.part-`)
  try {
    const made = await work(directory)
    const handle = await open(made, 'r+')
    await handle.sync()
    await handle.close()
    await rename(made, file)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/**
 * Compares a file with the checksum that the source pins for it.
 * @param expected SHA-256 in hexadecimal
 * @throws Error that names both sums
 */
export async function requireSha256(file: string, expected: string): Promise<void> {
  const actual = await sha256(file)
  if (actual === expected) return
  throw new Error(
    `${file} is not what was expected: its SHA-256 is ${actual}, not ${expected}; nothing of it was kept`,
  )
}

/**
 * Looks at the first bytes of a file.
 * @throws Error when they are not those of a GGUF file, or it cannot be read
 */
export async function requireGguf(file: string): Promise<void> {
  const handle = await open(file)
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    if (buffer.toString('latin1') !== 'GGUF')
      throw new Error(`${file} is not a GGUF model: it does not begin with "GGUF"`)
  } finally {
    await handle.close()
  }
}

/**
 * @param bytes wanted on the disk that `file` will be on; its directory must exist or be makeable
 * @throws Error that says how much is missing
 */
export async function requireSpace(file: string, bytes: number): Promise<void> {
  const directory = dirname(file)
  await mkdir(directory, { recursive: true })
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  if (free >= bytes) return
  const figures = `${Math.round(free / MEGABYTE)} MB free, ${Math.round(bytes / MEGABYTE)} MB needed`
  throw new Error(
    `no room for the model in ${join(directory)}: ${figures}; free some or choose another state directory`,
  )
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
