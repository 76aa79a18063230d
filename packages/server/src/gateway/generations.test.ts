import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { createGenerations } from './generations.ts'

test('a model server whose error never ends is not listened to for ever', async () => {
  const server = createServer((_, response) => {
    response.writeHead(500)
    Readable.from(
      (function* () {
        for (;;) yield 'x'.repeat(1024)
      })(),
    ).pipe(response)
  })
  await using _ = { [Symbol.asyncDispose]: async () => void server.close() }
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const generations = createGenerations(url, { headerMs: 5000, chunkMs: 5000, connectMs: 5000 })
  const asked = generations.generate('/api/generate', '{}', () => undefined, AbortSignal.timeout(20_000))
  await expect(asked).rejects.toThrow('the model server at')
  generations.destroy()
})
