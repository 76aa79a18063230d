import { setTimeout as sleep } from 'node:timers/promises'
import { processorTime } from '../child.ts'
import { processMemory } from '../memory.ts'
import type { Figure } from '../table.ts'
import { openStream, openViewer, startStillDesktop, throughServer, type Viewer } from './typist.ts'

const viewers = 50
const presses = 50
const restMilliseconds = 200

export async function benchViewers(): Promise<Figure[]> {
  await using desktop = await startStillDesktop()
  const { server, job } = desktop
  await using stack = new AsyncDisposableStack()
  const typist = stack.use(await throughServer(desktop))
  const before = await processMemory(server.pid)
  const address = `${server.url.replace('http', 'ws')}jobs/${job}/websockify`
  const others: Viewer[] = []
  while (others.length < viewers - 1) {
    others.push(stack.use(await openViewer(openStream(address, server.token))))
  }
  typist.click(200, 700)
  await sleep(3000)
  const after = await processMemory(server.pid)
  const each: number[] = []
  const last: number[] = []
  const [processorBefore, began] = [await processorTime(server.pid), performance.now()]
  for (let n = 0; n < presses; n++) {
    await sleep(restMilliseconds)
    const changes = Promise.all([typist, ...others].map((viewer) => viewer.change()))
    typist.press(n % 2 === 0 ? 0x61 : 0xff08)
    const took = await changes
    each.push(...took)
    last.push(Math.max(...took))
  }
  const processor = (await processorTime(server.pid)) - processorBefore
  return [
    { what: `${viewers} viewers: at each`, values: each, unit: ' ms' },
    { what: '  at the last of them', values: last, unit: ' ms' },
    {
      what: '  server’s processor time, % of one core',
      values: [(100 * processor) / (performance.now() - began)],
      unit: '',
    },
    {
      what: '  server’s memory for each viewer',
      values: [(after.resident - before.resident) / (viewers - 1)],
      unit: ' MB',
    },
  ]
}
