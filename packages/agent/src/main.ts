import { mkdirSync } from 'node:fs'
import { dressDesktop } from './desktop/desktop.ts'
import { scratch } from './places.ts'
import { Stage } from './desktop/stage.ts'
import { stopBeingRoot } from './user.ts'
import { startXServer } from './desktop/x-server.ts'

const task = process.argv.slice(2).join(' ')
stopBeingRoot()
mkdirSync(scratch, { recursive: true, mode: 0o700 })
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0))
const stage = new Stage()
const xServer = startXServer(() => {
  dressDesktop()
  void stage.again()
}, stop.signal)

// The X server starts while the rest is still being read: half of the time to the first picture.
if (task === '') void import('./sandbox.ts').then(({ runLinked }) => runLinked(xServer, stage, stop.signal))
else
  void import('./alone.ts').then(({ runAlone }) => runAlone(task, process.env, xServer, stage, stop.signal))
