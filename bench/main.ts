import { benchMemory } from './memory.ts'
import { benchRecording } from './recording.ts'
import { setUp } from './set-up.ts'
import { benchStart } from './start.ts'
import { table } from './table.ts'

const benches = {
  start: {
    run: benchStart,
    header: `From a request to the desktop's first pixels: the whole first frame, 1280×800, uncompressed, at the client.
  POST → running: until the client reads the event; docker run -p: the image alone, with the same task, from the command.`,
  },
  recording: {
    run: benchRecording,
    header: `Recording a desktop: the server's processor time beyond what it takes without, and what is stored in a minute.
  Somebody types 8 keys a second into an xterm; only the desktop's clock ticks, once a second; that is stopped too.`,
  },
  memory: {
    run: benchMemory,
    header: 'Memory: the server process, and sandboxes as `docker stats` counts them.',
  },
}

const names = Object.keys(benches) as (keyof typeof benches)[]
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !names.some((known) => known === name))
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}; choose from ${names.join(', ')}.`)
  process.exit(2)
}
await setUp()
for (const name of names.filter((name) => wanted.length === 0 || wanted.includes(name))) {
  const { run, header } = benches[name]
  console.log(header)
  console.log(table(await run()))
}
