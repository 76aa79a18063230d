import { existsSync, mkdirSync } from 'node:fs'
import { linkDir } from '@vitrine/contract/link.ts'
import { runAlone } from './alone.ts'
import { dressDesktop } from './desktop.ts'
import { scratch } from './places.ts'
import { runLinked } from './sandbox.ts'
import { startXServer } from './x-server.ts'
import { stopBeingRoot } from './user.ts'

const usage = `This is a sandbox of Vitrine. A server starts it by itself; to use it alone, give it a task:
  docker run -p 6080:6080 -e OLLAMA_HOST=http://host.docker.internal:11434 \\
    --add-host host.docker.internal:host-gateway -v "$PWD/output:/output" vitrine-sandbox "Print the squares of 1 to 10."`

const task = process.argv.slice(2).join(' ')
const linked = task === '' && existsSync(linkDir)
if (task.trim() === '' && !linked) {
  console.error(usage)
  process.exit(2)
}
stopBeingRoot()
mkdirSync(scratch, { recursive: true, mode: 0o700 })
const stop = new AbortController()
const xServer = startXServer(dressDesktop, stop.signal)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stop.abort()
    process.exit(0)
  })
}
await (linked ? runLinked(xServer, stop.signal) : runAlone(task, process.env, xServer, stop.signal))
