import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../test/testbed/free-port.ts'
import { processorTime, startChild } from '../child.ts'
import { cleanUp } from '../clean-up.ts'
import { median, type Figure } from '../table.ts'
import { startEndlessDesktop } from './endless.ts'

const rounds = 5

type Way = { url: string; token: string; pids: () => Promise<number[]> }
type Sample = { speed: number; processor: number }

/** Gigabytes a second to one viewer, and seconds of processor time for each of them. The ways take turns. */
export async function benchThroughput(): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-bench-'))
  stack.defer(cleanUp(() => rm(folder, { recursive: true })))
  const socket = join(folder, 'rfb.sock')
  stack.use(await startChild('desktop/source.ts', '-rfbunixpath', socket))
  const [pipePort, websockifyPort] = [await freePort(), await freePort()]
  const pipe = stack.use(await startChild('desktop/pipe.ts', socket, String(pipePort)))
  const websockify = stack.use(await startWebsockify(socket, websockifyPort))
  const endless = stack.use(await startEndlessDesktop())
  const ways = {
    websockify: {
      url: `http://127.0.0.1:${websockifyPort}/websockify`,
      token: '',
      // It serves each viewer by a process of its own.
      pids: async () => [websockify.pid, ...(await childrenOf(websockify.pid))],
    },
    pipe: { url: `http://127.0.0.1:${pipePort}/`, token: '', pids: async () => [pipe.pid] },
    server: {
      url: endless.url.replace('localhost', '127.0.0.1'),
      token: endless.server.token,
      pids: async () => [endless.server.pid, endless.agentPid],
    },
  } satisfies Record<string, Way>
  const names = ['websockify', 'pipe', 'server'] as const
  const samples = { websockify: [] as Sample[], pipe: [] as Sample[], server: [] as Sample[] }
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const sample = await measure(ways[name])
      // The first round warms up.
      if (round > 0) samples[name].push(sample)
    }
  }
  const of = (name: keyof typeof samples, what: keyof Sample) => samples[name].map((sample) => sample[what])
  const beside = (name: keyof typeof samples, what: keyof Sample) => [
    median(of('server', what)) / median(of(name, what)),
  ]
  return [
    ...names.map((name) => ({ what: `${name}: GB/s`, values: of(name, 'speed'), unit: '' as const })),
    { what: '  server beside websockify', values: beside('websockify', 'speed'), unit: '', atLeast: 3 },
    { what: '  server beside the pipe', values: beside('pipe', 'speed'), unit: '', atLeast: 0.6 },
    ...names.map((name) => ({
      what: `${name}: processor seconds for a GB`,
      values: of(name, 'processor'),
      unit: '' as const,
    })),
    { what: '  server beside websockify', values: beside('websockify', 'processor'), unit: '' },
    { what: '  server beside the pipe', values: beside('pipe', 'processor'), unit: '' },
  ]
}

async function measure({ url, token, pids }: Way): Promise<Sample> {
  await using reader = await startChild('desktop/reader.ts', url, token)
  const all = await pids()
  const processor = async () =>
    (await Promise.all(all.map(processorTime))).reduce((sum, milliseconds) => sum + milliseconds, 0)
  const [before, began] = [await processor(), performance.now()]
  const speed = Number(await reader.next())
  const seconds = (performance.now() - began) / 1000
  if (!(speed > 0)) throw new Error(`Nothing came by ${url}.`)
  return { speed, processor: ((await processor()) - before) / 1000 / (speed * seconds) }
}

async function startWebsockify(socket: string, port: number): Promise<AsyncDisposable & { pid: number }> {
  const child = spawn('websockify', [`--unix-target=${socket}`, `127.0.0.1:${port}`], { stdio: 'ignore' })
  await started(child)
  await listens(port)
  return {
    pid: child.pid!,
    [Symbol.asyncDispose]: cleanUp(async () => {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    }),
  }
}

async function started(child: ChildProcess): Promise<void> {
  await once(child, 'spawn').catch(() => {
    throw new Error('websockify is not here: apt-get install websockify python3-numpy')
  })
}

async function listens(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await sleep(50)
    } finally {
      socket.destroy()
    }
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text
    .split(' ')
    .filter((one) => one.trim() !== '')
    .map(Number)
}
