import { VitrineError } from '@vitrine/contract/error.ts'
import { encodePng } from './png.ts'
import { openRfb } from './rfb.ts'
import type { OpenDesktop } from './viewers.ts'

const captureWithin = 4_000

type Capture = { png: Promise<Buffer>; waiting: number; abort: AbortController }

/**
 * Takes PNG pictures of live desktops. Requests for one job that come while a picture is taken share it; it is given up
 * when all of them are. Throws `unavailable` where the desktop sends no picture within 4 s, or sends something else.
 */
export function createScreenshots(open: OpenDesktop): (job: string, signal: AbortSignal) => Promise<Buffer> {
  const captures = new Map<string, Capture>()

  function begin(job: string): Capture {
    const abort = new AbortController()
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(captureWithin)])
    const png = capture(open, job, signal).finally(() => forget(job, shared))
    const shared: Capture = { png, waiting: 0, abort }
    captures.set(job, shared)
    return shared
  }

  function forget(job: string, ended: Capture): void {
    if (captures.get(job) === ended) captures.delete(job)
  }

  return async (job, signal) => {
    signal.throwIfAborted()
    const shared = captures.get(job) ?? begin(job)
    shared.waiting++
    const givenUp = Promise.withResolvers<never>()
    const giveUp = () => givenUp.reject(signal.reason)
    signal.addEventListener('abort', giveUp)
    try {
      return await Promise.race([shared.png, givenUp.promise])
    } finally {
      signal.removeEventListener('abort', giveUp)
      shared.waiting--
      if (shared.waiting === 0) {
        forget(job, shared)
        shared.abort.abort()
      }
    }
  }
}

async function capture(open: OpenDesktop, job: string, signal: AbortSignal): Promise<Buffer> {
  const frame = await readFrame(open, job, signal).catch((cause: unknown) => {
    if (cause instanceof VitrineError) throw cause
    const why = signal.aborted ? `none came within ${captureWithin / 1000} s` : (cause as Error).message
    throw new VitrineError('unavailable', `The desktop of ${job} gave no picture: ${why}.`)
  })
  return encodePng(frame)
}

async function readFrame(open: OpenDesktop, job: string, signal: AbortSignal) {
  const desktop = await open(job, signal)
  try {
    const rfb = await openRfb(desktop, signal)
    return await rfb.readFrame()
  } finally {
    desktop.destroy()
  }
}
