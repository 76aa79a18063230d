import { Readable } from 'node:stream'
import { deflateRawSync } from 'node:zlib'
import { encodeRecord, recordingMagic, recordKind } from '@vitrine/contract/recording.ts'
import { afterEach, expect, test, vi } from 'vitest'
import { encodeVideo } from './video.ts'

afterEach(() => void vi.unstubAllEnvs())

const signal = () => AbortSignal.timeout(1500)
const magic = Buffer.from(recordingMagic)
const picture = encodeRecord({
  kind: recordKind.key,
  time: 0,
  body: new Uint8Array([1, 0, 1, 0, ...deflateRawSync(Buffer.from([1, 2, 3, 4]))]),
})

test('without ffmpeg the answer says what to install', async () => {
  vi.stubEnv('PATH', '/nowhere')
  await expect(encodeVideo(Readable.from([magic, picture]), signal())).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('apt-get install ffmpeg') as string,
  })
})

test('a recording without a picture makes no video', async () => {
  await expect(encodeVideo(Readable.from([magic]), signal())).rejects.toMatchObject({ code: 'not_found' })
})
