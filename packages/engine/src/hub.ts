import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { publish, requireSha256, requireSpace } from './files.ts'

/** How long the hub has for its first answer; the usual wait is well below one second. */
const CONNECT_MS = 5_000
/** A transfer that stands still for this long is given up. */
const STALL_MS = 30_000

/** A GGUF file on a model hub, at a fixed revision. */
export interface HubModel {
  url: string
  /** Bytes. */
  size: number
  /** In hexadecimal. */
  sha256: string
}

/** The hub did not answer, or does not have the file, so that another source may be tried. */
export class HubUnreachable extends Error {
  override readonly name = 'HubUnreachable'
}

/**
 * Downloads a model from its hub and checks it.
 * @throws HubUnreachable within five seconds where there is no hub; Error when the transfer fails or does not check
 */
export async function downloadFromHub(
  model: HubModel,
  file: string,
  { progress, signal }: { progress: (line: string) => void; signal?: AbortSignal },
): Promise<void> {
  const late = new AbortController()
  const host = new URL(model.url).host
  const either = AbortSignal.any([late.signal, ...(signal === undefined ? [] : [signal])])
  const clock = setTimeout(() => late.abort(new Error(`no answer in ${CONNECT_MS / 1000} s`)), CONNECT_MS)
  try {
    const body = await firstAnswer(model.url, either, signal)
    clearTimeout(clock)
    await requireSpace(file, model.size)
    await publish(file, async (directory) => {
      const part = join(directory, 'model.gguf')
      const stalled = () => late.abort(new Error(`${host} sent nothing for ${STALL_MS / 1000} s`))
      using stall = stallClock(stalled)
      const meter = counting(model.size, progress, stall.refresh)
      await pipeline(body, meter, createWriteStream(part), { signal: either })
      await requireSha256(part, model.sha256)
      return part
    })
  } finally {
    clearTimeout(clock)
    late.abort(new Error('the download has ended'))
  }
}

async function firstAnswer(url: string, either: AbortSignal, signal: AbortSignal | undefined) {
  const response = await translated(fetch(url, { signal: either }), url, signal)
  if (response.ok && response.body !== null) return response.body
  await response.body?.cancel()
  throw new HubUnreachable(`${url} answered ${response.status}`)
}

async function translated(
  answer: Promise<Response>,
  url: string,
  signal: AbortSignal | undefined,
): Promise<Response> {
  try {
    return await answer
  } catch (error) {
    signal?.throwIfAborted()
    throw new HubUnreachable(`${new URL(url).host} did not answer: ${reasonOf(error)}`, { cause: error })
  }
}

function stallClock(stalled: () => void) {
  const clock = setTimeout(stalled, STALL_MS)
  return {
    refresh: () => void clock.refresh(),
    [Symbol.dispose]: () => clearTimeout(clock),
  }
}

function counting(size: number, progress: (line: string) => void, alive: () => void): Transform {
  let got = 0
  let told = -1
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      got += chunk.length
      alive()
      const percent = Math.floor((got / size) * 20) * 5
      if (percent > told) {
        told = percent
        progress(`downloading the model: ${percent} % of ${Math.round(size / 1e6)} MB`)
      }
      done(null, chunk)
    },
    flush(done) {
      done(got === size ? null : new Error(`the download ended after ${got} of ${size} bytes`))
    },
  })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
