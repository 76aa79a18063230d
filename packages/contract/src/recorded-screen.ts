import { recordKind, type RecordingEntry } from './recording.ts'

export type Area = { x: number; y: number; width: number; height: number }

export type RecordedScreen = {
  readonly width: number
  readonly height: number
  /** Four bytes a pixel, rows from the top, alpha always 255; another array where the size changes. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer>
  /** Shows a record on the screen; the areas that it changed. Before the first key picture nothing is shown. */
  apply(record: RecordingEntry): Promise<Area[]>
}

const maxPixels = 3840 * 2160

/** What a desktop looked like as its recording is played: one record after the other, from a key picture on. */
export function createRecordedScreen(): RecordedScreen {
  const screen = { width: 0, height: 0, rgba: new Uint8ClampedArray(0) }

  async function showKey({ body }: RecordingEntry): Promise<Area[]> {
    const view = viewOf(body)
    const [width, height] = [view.getUint16(0, true), view.getUint16(2, true)]
    const pixels = await inflate(body.subarray(4), width * height)
    opaque(pixels)
    Object.assign(screen, { width, height, rgba: new Uint8ClampedArray(pixels.buffer) })
    return [{ x: 0, y: 0, width, height }]
  }

  async function showChange({ body }: RecordingEntry): Promise<Area[]> {
    if (screen.width === 0) return []
    const view = viewOf(body)
    const areas = Array.from({ length: view.getUint16(0, true) }, (_, index) => areaAt(view, 2 + index * 8))
    for (const area of areas) checkInside(area, screen)
    const count = areas.reduce((sum, { width, height }) => sum + width * height, 0)
    const pixels = await inflate(body.subarray(2 + areas.length * 8), count)
    opaque(pixels)
    let from = 0
    for (const { x, y, width, height } of areas) {
      for (let row = 0; row < height; row++, from += width * 4) {
        screen.rgba.set(pixels.subarray(from, from + width * 4), ((y + row) * screen.width + x) * 4)
      }
    }
    return areas
  }

  return Object.assign(screen, {
    async apply(record: RecordingEntry) {
      if (record.kind === recordKind.key) return showKey(record)
      return record.kind === recordKind.change ? showChange(record) : []
    },
  })
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const areaAt = (view: DataView, at: number): Area => ({
  x: view.getUint16(at, true),
  y: view.getUint16(at + 2, true),
  width: view.getUint16(at + 4, true),
  height: view.getUint16(at + 6, true),
})

function checkInside(area: Area, screen: { width: number; height: number }): void {
  if (area.x + area.width > screen.width || area.y + area.height > screen.height) {
    throw new Error(`A record changes ${JSON.stringify(area)} of a ${screen.width}×${screen.height} picture.`)
  }
}

/** So many pixels of raw deflate; throws where there are more or fewer. */
async function inflate(bytes: Uint8Array<ArrayBuffer>, pixels: number): Promise<Uint8Array<ArrayBuffer>> {
  if (pixels > maxPixels) throw new Error(`A record has ${pixels} pixels; at most ${maxPixels} are shown.`)
  const whole = new Uint8Array(pixels * 4)
  let filled = 0
  const { readable, writable } = new DecompressionStream('deflate-raw')
  const writer = writable.getWriter()
  const reader = readable.getReader()
  const written = Promise.all([writer.write(bytes), writer.close()])
  written.catch(() => {}) // the reader tells it
  // Not every browser can iterate over a stream.
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (filled + next.value.length > whole.length) {
      await reader.cancel()
      throw new Error(`A record has more than its ${pixels} pixels.`)
    }
    whole.set(next.value, filled)
    filled += next.value.length
  }
  if (filled < whole.length) throw new Error(`A record has fewer than its ${pixels} pixels.`)
  return whole
}

function opaque(pixels: Uint8Array): void {
  for (let alpha = 3; alpha < pixels.length; alpha += 4) pixels[alpha] = 255
}
