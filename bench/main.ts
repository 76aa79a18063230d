import { benchMemory } from './memory.ts'
import { benchRecording } from './recording.ts'
import { runBenches } from './run.ts'
import { setUp } from './set-up.ts'
import { benchStart } from './start.ts'

await runBenches(
  {
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
  },
  setUp,
)
