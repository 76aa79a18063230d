import { encodeRecord, recordingMagic, recordKind } from '@vitrine/contract/recording.ts'
import { expect, test } from 'vitest'
import { indexRecording } from './recording-index.ts'
import { recordsOf } from './recordings.ts'

const clock = new Uint8Array(new Float64Array([1_800_000_000_000]).buffer)
const record = (
  kind: (typeof recordKind)[keyof typeof recordKind],
  time: number,
  body: Uint8Array<ArrayBuffer>,
) => encodeRecord({ kind, time, body })
const file = Buffer.concat([
  Buffer.from(recordingMagic),
  record(recordKind.begin, 0, clock),
  record(recordKind.key, 100, new Uint8Array(7)),
  record(recordKind.change, 200, new Uint8Array(9)),
  record(recordKind.key, 300, new Uint8Array(5)),
  record(recordKind.end, 400, new Uint8Array(0)),
])

test('a recording at hand can be played from each key picture that its index names', async () => {
  const { startedAt, duration, keys } = await indexRecording(file)
  expect([startedAt, duration, keys.map(({ time }) => time)]).toEqual([1_800_000_000_000, 400, [100, 300]])
  const fromLast = async function* () {
    yield file.subarray(0, recordingMagic.length)
    yield file.subarray(keys[1]!.offset)
  }
  expect((await Array.fromAsync(recordsOf(fromLast()))).map(({ time }) => time)).toEqual([300, 400])
})

test('the index of a recording that was cut off ends where that does', async () => {
  expect(await indexRecording(file.subarray(0, -20))).toMatchObject({ duration: 200, keys: [{ time: 100 }] })
})
