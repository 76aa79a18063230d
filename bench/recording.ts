import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { docker } from './docker.ts'
import { startModel, task } from './model.ts'
import { startServer, type BenchServer } from './server.ts'
import type { Figure } from './table.ts'

const seconds = 40
const keysASecond = 8
/** Kernel ticks a second of proc(5): 100 on every Linux that Node runs on. */
const ticksASecond = 100

/**
 * What recording costs: the server's processor time and the recording's growth, on a desktop where somebody types into an
 * xterm, on one where only its clock ticks, and on one where nothing changes at all. Before it the same without recording.
 */
export async function benchRecording(): Promise<Figure[]> {
  await using model = await startModel()
  const without = await measure(model.url, 'off')
  const recorded = await measure(model.url, 'on')
  const cost = (what: keyof typeof recorded) => [recorded[what].cpu - without[what].cpu]
  return [
    { what: 'typing, 8 keys/s: % of one core', values: cost('typing'), unit: '', goal: 3 },
    { what: '  stored a minute', values: [recorded.typing.stored], unit: ' MB', goal: 2 },
    { what: 'only the clock ticks: % of one core', values: cost('ticking'), unit: '', goal: 3 },
    { what: '  stored a minute', values: [recorded.ticking.stored], unit: ' MB', goal: 2 },
    { what: 'nothing changes: % of one core', values: cost('still'), unit: '', goal: 0.5 },
    { what: '  stored a minute', values: [recorded.still.stored], unit: ' MB', goal: 0 },
  ]
}

async function measure(modelUrl: string, recording: 'on' | 'off') {
  await using server = await startServer(modelUrl, 0, { VITRINE_RECORD: recording })
  const { id } = await server.vitrine.jobs.create({ task })
  const { state } = await server.vitrine.jobs.wait(id)
  if (state !== 'succeeded') throw new Error(`The job of the benchmark ${state}.`)
  const [sandbox] = await server.sandboxes()
  const inside = (script: string) => docker('exec', '--env', 'DISPLAY=:1', sandbox!, 'sh', '-c', script)
  await sleep(15_000) // the programs of the desktop have opened, and their cursors no longer blink
  const ticking = await during(server, id, () => sleep(seconds * 1000))
  const typing = await during(server, id, () =>
    docker('exec', '--env', 'DISPLAY=:1', sandbox!, 'python3', '-c', typist),
  )
  await inside('kill -STOP $(pidof xclock)')
  await sleep(15_000)
  const still = await during(server, id, () => sleep(seconds * 1000))
  return { ticking, typing, still }
}

/** Clicks the terminal, then types, by RFB (RFC 6143, 7.5.4 and 7.5.5) straight into the X server: no viewer of ours is in the way. */
const typist = `
import socket, struct, time
x = socket.socket(socket.AF_UNIX)
x.connect('/tmp/vitrine/rfb.sock')
read = lambda n: x.recv(n, socket.MSG_WAITALL)
read(12); x.send(b'RFB 003.008\\n')
read(read(1)[0]); x.send(b'\\1'); read(4); x.send(b'\\1')
read(struct.unpack('>20xI', read(24))[0])
for buttons in (0, 1, 0):
    x.send(struct.pack('>BBHH', 5, buttons, 200, 700)); time.sleep(0.1)
text = 'echo the quick brown fox jumps over the lazy dog\\n'
for n in range(${seconds * keysASecond}):
    key = ord(text[n % len(text)])
    key = 0xff0d if key == 10 else key
    for down in (1, 0):
        x.send(struct.pack('>BBHI', 4, down, 0, key))
    time.sleep(${1 / keysASecond})
`

/** Processor time of the server, in percent of one core, and megabytes stored, both for a minute of `work`. */
async function during(server: BenchServer, id: string, work: () => Promise<unknown>) {
  const [cpuBefore, bytesBefore, began] = [
    await cpuSeconds(server.pid),
    await stored(server, id),
    performance.now(),
  ]
  await work()
  const took = (performance.now() - began) / 1000
  const cpu = (100 * ((await cpuSeconds(server.pid)) - cpuBefore)) / took
  return { cpu, stored: (((await stored(server, id)) - bytesBefore) / 1e6 / took) * 60 }
}

async function stored(server: BenchServer, id: string): Promise<number> {
  const recordings = await server.vitrine.jobs.recordings.list(id)
  return recordings.reduce((sum, { bytes }) => sum + bytes, 0)
}

async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksASecond
}
