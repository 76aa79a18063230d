import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { VitrineError } from '@vitrine/contract/error.ts'
import { createRecordedScreen, type RecordedScreen } from '@vitrine/contract/recorded-screen.ts'
import { readRecords, recordKind } from '@vitrine/contract/recording.ts'

const framesASecond = 5
const frameMilliseconds = 1000 / framesASecond
/** A picture that stands still is shown for so many frames at most. */
const longestStill = 2 * framesASecond

/**
 * A recording as WebM (VP8), made by ffmpeg as fast as it is read. Its size is that of the first picture; a desktop that was
 * made larger or smaller later is cut or padded. Throws `unavailable` where there is no ffmpeg.
 */
export async function encodeVideo(records: Readable, signal: AbortSignal): Promise<Readable> {
  const frames = framesOf(records)
  const first = await frames.next()
  if (first.done) throw new VitrineError('not_found', 'This recording has no picture.')
  const { width, height } = first.value
  const encoder = spawn('ffmpeg', encoding(width, height), { stdio: ['pipe', 'pipe', 'ignore'], signal })
  await started(encoder)
  const input = async function* () {
    yield first.value.pixels
    for await (const { pixels } of frames) yield pixels
  }
  encoder.on('error', (error) => encoder.stdout.destroy(error))
  // Who stops reading ends the encoder, and that ends the reading of the recording.
  encoder.stdout.on('close', () => encoder.kill())
  pipeline(input, encoder.stdin).catch((error: Error) => encoder.stdout.destroy(error))
  return encoder.stdout
}

const encoding = (width: number, height: number): string[] =>
  `-loglevel quiet -f rawvideo -pixel_format rgba -video_size ${width}x${height} -framerate ${framesASecond} -i pipe:0
   -c:v libvpx -deadline realtime -cpu-used 8 -b:v 1M -pix_fmt yuv420p -f webm pipe:1`.split(/\s+/)

async function started(encoder: ChildProcessByStdio<Writable, Readable, null>): Promise<void> {
  try {
    await once(encoder, 'spawn')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new VitrineError(
      'unavailable',
      'The server has no ffmpeg, which makes the video: install it there (`apt-get install ffmpeg`), or take replay.html.',
    )
  }
}

type Picture = { width: number; height: number; pixels: Buffer }

/** The pictures of a recording at an even pace, all of the first one's size. */
async function* framesOf(records: Readable): AsyncGenerator<Picture> {
  const screen = createRecordedScreen()
  let size: { width: number; height: number } | null = null
  let shownAt = 0
  for await (const record of readRecords(records)) {
    if (size) {
      const due = Math.floor((record.time - shownAt) / frameMilliseconds)
      const picture = { ...size, pixels: cut(screen, size) }
      for (let n = 0; n < Math.min(due, longestStill); n++) yield picture
      shownAt += due * frameMilliseconds
    }
    await screen.apply(record)
    if (record.kind !== recordKind.key || size) continue
    size = { width: screen.width, height: screen.height }
    shownAt = record.time
  }
  if (size) yield { ...size, pixels: cut(screen, size) }
}

function cut(screen: RecordedScreen, { width, height }: { width: number; height: number }): Buffer {
  const pixels = Buffer.alloc(width * height * 4)
  const row = Math.min(width, screen.width) * 4
  for (let y = 0; y < Math.min(height, screen.height); y++) {
    pixels.set(screen.rgba.subarray(y * screen.width * 4, y * screen.width * 4 + row), y * width * 4)
  }
  return pixels
}
