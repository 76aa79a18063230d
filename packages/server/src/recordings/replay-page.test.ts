import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import * as fc from 'fast-check'
import type { JobEvent } from '@vitrine/contract/event.ts'
import { expect, test } from 'vitest'
import { replayPage } from './replay-page.ts'

const player = {
  script: 'const end = "</script><script>alert(1)"',
  style: 'a::after { content: "</style>" }',
}

const pageOf = (title: string, events: JobEvent[], chunks: Uint8Array[]) =>
  text(Readable.from(replayPage({ title, run: 1, events, player, records: Readable.from(chunks) })))

const contentOf = (page: string, id: string) =>
  new RegExp(`<script type="[^"]+" id="${id}">([^<]*)</script>`).exec(page)![1]!

test('whatever a task, an event or the recording holds, the page holds it whole and nothing of it is markup', async () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 })
  const hostile = fc.oneof(fc.string(), fc.constant('</script><img src=x onerror=alert(1)><!--'))
  const property = fc.asyncProperty(hostile, hostile, chunks, async (title, message, pieces) => {
    const event: JobEvent = {
      seq: 1,
      run: 1,
      at: '2026-01-01T00:00:00.000Z',
      type: 'log',
      data: { level: 'error', message },
    }
    const page = await pageOf(title, [event], pieces)
    expect(JSON.parse(contentOf(page, 'about'))).toEqual({ title, run: 1, events: [event] })
    expect(Buffer.from(contentOf(page, 'recording'), 'base64')).toEqual(Buffer.concat(pieces))
    expect(page.match(/<script/g)).toHaveLength(4) // two of data, the player, and the one in its text
    expect(page.match(/<\/script>/g)).toHaveLength(3)
    expect(page.match(/<\/style>/g)).toHaveLength(1)
  })
  await fc.assert(property, { numRuns: 100 })
})
