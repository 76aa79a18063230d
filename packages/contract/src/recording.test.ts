import { deflateRawSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRecordedScreen } from './recorded-screen.ts'
import { encodeRecord, readRecords, recordingMagic, recordKind, type RecordingEntry } from './recording.ts'

const entry = fc.record({
  kind: fc.constantFrom(...Object.values(recordKind)),
  time: fc.integer({ min: 0, max: 2 ** 47 }),
  body: fc.uint8Array({ maxLength: 60 }).map((bytes) => new Uint8Array(bytes)),
})
const entries = fc.array(entry, { maxLength: 12 })

const fileOf = (records: RecordingEntry[]): Buffer =>
  Buffer.concat([Buffer.from(recordingMagic), ...records.map(encodeRecord)])

async function* pieces(bytes: Buffer, cuts: number[]): AsyncGenerator<Buffer> {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
  for (const [index, place] of [0, ...places].entries()) yield bytes.subarray(place, places[index])
}

test('however a recording is cut into chunks, its records are the same', async () => {
  const property = fc.asyncProperty(entries, fc.array(fc.nat(), { maxLength: 40 }), async (records, cuts) => {
    expect(await Array.fromAsync(readRecords(pieces(fileOf(records), cuts)))).toEqual(records)
  })
  await fc.assert(property, { numRuns: 200 })
})

test('wherever a recording was cut off, it gives every record before that place', async () => {
  const property = fc.asyncProperty(entries, fc.nat(), async (records, place) => {
    const file = fileOf(records)
    const cut = recordingMagic.length + (place % (file.length - recordingMagic.length + 1))
    const whole = records.filter((_, index) => fileOf(records.slice(0, index + 1)).length <= cut)
    expect(await Array.fromAsync(readRecords(pieces(file.subarray(0, cut), [])))).toEqual(whole)
  })
  await fc.assert(property, { numRuns: 200 })
})

test('a byte that was changed ends it there, and nothing wrong is given', async () => {
  const property = fc.asyncProperty(
    fc.array(entry, { minLength: 1, maxLength: 6 }),
    fc.nat(),
    fc.integer({ min: 1, max: 255 }),
    async (records, place, change) => {
      const file = fileOf(records)
      const at = recordingMagic.length + (place % (file.length - recordingMagic.length))
      file[at] = file[at]! ^ change
      const given = await Array.fromAsync(readRecords(pieces(file, [])))
      expect(given).toEqual(records.filter((_, index) => fileOf(records.slice(0, index + 1)).length <= at))
    },
  )
  await fc.assert(property, { numRuns: 200 })
})

test('other bytes are no recording', async () => {
  await expect(Array.fromAsync(readRecords(pieces(Buffer.from('<!doctype html>'), [])))).rejects.toThrow(
    'This is no recording',
  )
})

const key = (width: number, height: number, pixels: number[]): RecordingEntry => ({
  kind: recordKind.key,
  time: 0,
  body: new Uint8Array([width, 0, height, 0, ...deflateRawSync(Buffer.from(pixels))]),
})
const change = (area: number[], pixels: number[]): RecordingEntry => ({
  kind: recordKind.change,
  time: 0,
  body: new Uint8Array([1, 0, ...area.flatMap((side) => [side, 0]), ...deflateRawSync(Buffer.from(pixels))]),
})

test('a screen shows its key picture and what changed since, opaque', async () => {
  const screen = createRecordedScreen()
  expect(await screen.apply(change([0, 0, 1, 1], [1, 1, 1, 1]))).toEqual([])
  await screen.apply(key(2, 1, [1, 2, 3, 0, 4, 5, 6, 0]))
  expect(await screen.apply(change([1, 0, 1, 1], [7, 8, 9, 0]))).toEqual([
    { x: 1, y: 0, width: 1, height: 1 },
  ])
  expect([screen.width, screen.height, ...screen.rgba]).toEqual([2, 1, 1, 2, 3, 255, 7, 8, 9, 255])
})

test.each([
  ['fewer pixels than its size says', [key(2, 1, [1, 2, 3, 4])], 'fewer than its 2 pixels'],
  ['more', [key(1, 1, [1, 2, 3, 4, 5])], 'more than its 1 pixels'],
  [
    'a change outside of the picture',
    [key(1, 1, [1, 2, 3, 4]), change([1, 0, 1, 1], [1, 1, 1, 1])],
    'changes',
  ],
])('a record with %s is refused', async (_name, records, message) => {
  const screen = createRecordedScreen()
  const play = async () => {
    for (const record of records) await screen.apply(record)
  }
  await expect(play()).rejects.toThrow(message)
})
