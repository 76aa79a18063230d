/**
 * A model server of known speed: `node upstream.ts <first> <between> <slots> [busy]`: milliseconds to the first token and
 * between two, and how many generations it makes at a time. Those share its speed, as on a CPU; more wait. It answers
 * with as many tokens as `num_predict` says, and tells at the first and the last when the call came and when it wrote.
 * Every `busy`-th generation is refused as by a full queue.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { clock } from '../clock.ts'

const [first = 0, between = 0, slots = 1, busy = Infinity] = process.argv.slice(2).map(Number)
const model = { name: 'bench:latest', model: 'bench:latest', size: 1, digest: '00' }
let written = 0
let asked = 0
const facts: Record<string, () => object> = {
  '/api/tags': () => ({ models: [model] }),
  '/api/ps': () => ({ models: [model] }),
  '/api/version': () => ({ version: '0.17.4' }),
  '/api/show': () => ({ capabilities: ['completion'] }),
  '/written': () => ({ written }),
}
const running = { now: 0 }
const row: (() => void)[] = []

const server = createServer((request, response) => void serve(request, response))
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const received = clock()
  const body = await text(request)
  const fact = facts[request.url ?? '']
  if (fact) return void response.end(JSON.stringify(fact()))
  const { options } = JSON.parse(body) as { options: { num_predict: number } }
  if (++asked % busy === 0) return void response.writeHead(503).end('{"error":"server busy"}')
  using _ = await slot()
  await generate(options.num_predict, received, response)
}

async function slot(): Promise<Disposable> {
  if (running.now >= slots) await new Promise<void>((resolve) => row.push(resolve))
  else running.now++
  return {
    [Symbol.dispose]() {
      const next = row.shift()
      if (next) next()
      else running.now--
    },
  }
}

/** Slots that share a processor take as many times longer as there are generations under way. */
const shared = (ms: number) => ms * (slots < 16 ? running.now : 1)

async function generate(count: number, received: number, response: ServerResponse): Promise<void> {
  // Timers end late; a speed that is kept is one of points in time, not of pauses.
  let due = clock()
  const pause = (ms: number) => {
    due += shared(ms)
    const left = due - clock()
    return left > 0 ? sleep(left) : new Promise(setImmediate)
  }
  await pause(first)
  if (response.destroyed) return
  const head = { model: 'bench', created_at: '2026-01-01T00:00:00.000000000Z' }
  const line = (part: object) => `${JSON.stringify({ ...head, ...part })}\n`
  const token = line({ response: ' word', done: false })
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  for (let n = 0; n < count && !response.destroyed; n++) {
    written++
    response.write(n === 0 ? line({ response: ' word', done: false, received, wrote: clock() }) : token)
    await pause(between)
  }
  const counts = { prompt_eval_count: 26, eval_count: count }
  response.end(line({ response: '', done: true, done_reason: 'stop', ...counts, received, wrote: clock() }))
}
