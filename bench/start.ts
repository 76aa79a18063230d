import { runAlone } from './alone.ts'
import { startModel, task } from './model.ts'
import { firstFrame } from './rfb-frame.ts'
import { startServer, type BenchServer } from './server.ts'
import { median, type Figure } from './table.ts'

const rounds = 21
const roundMilliseconds = 60_000

/**
 * From a request to the first pixels of its desktop, with a ready sandbox and with an empty pool, beside `docker run -p` of
 * the same image. The three take turns, so that whatever else the machine does meets them alike.
 */
export async function benchStart(): Promise<Figure[]> {
  await using model = await startModel()
  await using pooled = await startServer(model.url, 1)
  await using unpooled = await startServer(model.url, 0)
  const running: number[] = []
  const ready: number[] = []
  const empty: number[] = []
  const alone: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const signal = AbortSignal.timeout(roundMilliseconds)
    const withReady = await runJob(pooled, signal)
    const byHand = await runAlone(model.urlInContainer, signal)
    const withEmpty = await runJob(unpooled, signal)
    // The first round warms up.
    if (round === 0) continue
    running.push(withReady.running)
    ready.push(withReady.pixels)
    alone.push(byHand)
    empty.push(withEmpty.pixels)
  }
  const toAlone = (values: number[]) => [median(values) / median(alone)]
  return [
    { what: 'POST → running, ready sandbox', values: running, unit: ' ms', goal: 25 },
    { what: 'docker run -p → first frame', values: alone, unit: ' ms' },
    { what: 'POST → first frame, ready sandbox', values: ready, unit: ' ms' },
    { what: '  beside docker run', values: toAlone(ready), unit: '', goal: 0.3 },
    { what: 'POST → first frame, empty pool', values: empty, unit: ' ms' },
    { what: '  beside docker run', values: toAlone(empty), unit: '', goal: 0.9 },
  ]
}

/** One job on a server at rest: milliseconds from its POST until its client knows that it runs, and until it sees the desktop. */
async function runJob(
  server: BenchServer,
  signal: AbortSignal,
): Promise<{ running: number; pixels: number }> {
  const { vitrine, url, token } = server
  const began = performance.now()
  const job = await vitrine.jobs.create({ task }, { signal })
  let running = 0
  for await (const event of vitrine.jobs.events(job.id, { signal })) {
    if (event.type === 'job.state' && event.data.to === 'running') running = performance.now() - began
    if (event.type === 'desktop.state' && event.data.to === 'live') break
  }
  await firstFrame(`${url.replace('http', 'ws')}jobs/${job.id}/websockify`, token, signal)
  const pixels = performance.now() - began
  await server.clear()
  return { running, pixels }
}
