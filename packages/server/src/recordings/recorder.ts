import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'
import { recordKind } from '@vitrine/contract/recording.ts'
import type { Change, Frame, Rfb } from '../desktops/rfb.ts'
import { createPace } from './pace.ts'
import type { RecordingFile } from './recording-file.ts'

const compress = promisify(deflateRaw)
const keyEvery = 30_000
/** A seek inflates at most what lies between two keys: so many pictures' worth of pixels. */
const picturesBetweenKeys = 4

/**
 * Records what a viewer of pictures only sees, until the desktop's stream ends or `signal` aborts; both throw. It asks for
 * changes only, so nothing is sent nor stored while nothing changes, and rests between its requests, so that a busy desktop
 * costs no more than it should: what changed meanwhile comes with the next answer.
 */
export async function recordDesktop(
  rfb: Rfb,
  append: RecordingFile['append'],
  signal: AbortSignal,
): Promise<never> {
  const pace = createPace()
  for (;;) {
    const frame = await rfb.readFrame()
    const key = await encodeKey(frame)
    await append(recordKind.key, key)
    pace.spend(key.length, frame.rgba.length)
    const keyIsDue = performance.now() + keyEvery
    let left = frame.rgba.length * picturesBetweenKeys
    do {
      await sleep(pace.rest(), undefined, { signal })
      const changes = await rfb.readChanges()
      if (!changes) break
      if (changes.length === 0) continue
      const pixels = changes.reduce((sum, { rgbx }) => sum + rgbx.length, 0)
      const change = await encodeChanges(changes)
      await append(recordKind.change, change)
      pace.spend(change.length, pixels)
      left -= pixels
    } while (left > 0 && performance.now() < keyIsDue)
  }
}

async function encodeKey({ width, height, rgba }: Frame): Promise<Uint8Array<ArrayBuffer>> {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(width, 0)
  head.writeUInt16LE(height, 2)
  return Buffer.concat([head, await compress(rgba, { level: 3 })])
}

async function encodeChanges(changes: readonly Change[]): Promise<Uint8Array<ArrayBuffer>> {
  const head = Buffer.alloc(2 + changes.length * 8)
  head.writeUInt16LE(changes.length, 0)
  changes.forEach(({ x, y, width, height }, index) =>
    [x, y, width, height].forEach((value, part) => head.writeUInt16LE(value, 2 + index * 8 + part * 2)),
  )
  const pixels = Buffer.concat(changes.map(({ rgbx }) => rgbx))
  return Buffer.concat([head, await compress(pixels, { level: 3 })])
}
