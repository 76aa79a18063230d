import { setTimeout as sleep } from 'node:timers/promises'
import { median, type Figure } from '../table.ts'
import { direct, startStillDesktop, throughServer, type Viewer } from './typist.ts'

const presses = 100
const pictures = 21
/** An X server that has just sent an update waits with the next one: each press finds it at rest. */
const restMilliseconds = 60
const letter = 0x61
const backspace = 0xff08
/** Where the terminal stands, by deploy/desktop/openbox.xml. */
const terminal = [200, 700] as const

/** A key and its letter on the screen: the two viewers take turns, and the letter is taken back each time. */
export async function benchDesktopLatency(): Promise<Figure[]> {
  await using desktop = await startStillDesktop()
  await using ours = await throughServer(desktop)
  await using own = await direct(desktop)
  ours.click(...terminal)
  await sleep(1000)
  const samples = { server: [] as number[], direct: [] as number[] }
  for (let n = 0; n < presses; n++) {
    for (const [name, viewer] of [
      ['direct', own],
      ['server', ours],
    ] as const) {
      const both = [await seen(viewer, letter), await seen(viewer, backspace)]
      if (n > 9) samples[name].push(...both)
    }
  }
  const added = median(samples.server) - median(samples.direct)
  return [
    { what: 'direct RFB client', values: samples.direct, unit: ' ms' },
    { what: 'viewer of the server', values: samples.server, unit: ' ms' },
    { what: '  more than the direct one, medians', values: [added], unit: ' ms', goal: 1 },
    { what: '/screenshot.png', values: await screenshots(desktop), unit: ' ms', goal: 150 },
  ]
}

async function seen(viewer: Viewer, keysym: number): Promise<number> {
  await sleep(restMilliseconds)
  const change = viewer.change()
  viewer.press(keysym)
  return change
}

async function screenshots({
  server,
  job,
}: Awaited<ReturnType<typeof startStillDesktop>>): Promise<number[]> {
  const took: number[] = []
  for (let n = 0; n <= pictures; n++) {
    const began = performance.now()
    await (await server.vitrine.jobs.screenshot(job)).arrayBuffer()
    if (n > 0) took.push(performance.now() - began)
  }
  return took
}
