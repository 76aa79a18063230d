import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { startChild } from '../child.ts'
import { processMemory } from '../memory.ts'
import type { Figure } from '../table.ts'
import { startEndlessDesktop } from './endless.ts'

const seconds = 60

/** Resident memory of the server before a viewer stops reading, and a minute later: what comes meanwhile is the same in all seconds. */
export async function benchStuckViewer(): Promise<Figure[]> {
  await using endless = await startEndlessDesktop()
  const { server, url } = endless
  // Buffers and code that every viewer needs are there before.
  await (await startChild('desktop/reader.ts', url, server.token))[Symbol.asyncDispose]()
  const viewer = new WebSocket(url.replace('http', 'ws'), 'binary', {
    perMessageDeflate: false,
    headers: { authorization: `Bearer ${server.token}` },
  })
  await once(viewer, 'message')
  await sleep(10_000)
  const before = await resident(server.pid)
  viewer.send(Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 1])]))
  viewer.pause()
  await sleep(seconds * 1000)
  const after = await resident(server.pid)
  viewer.terminate()
  return [
    {
      what: `after ${seconds} s of a viewer that does not read`,
      values: [after - before],
      unit: ' MiB',
      goal: 4,
    },
  ]
}

const resident = async (pid: number) => ((await processMemory(pid)).resident * 1e6) / 1024 ** 2
