/**
 * The way from a desktop to its viewers, beside websockify and a plain pipe: `npm run bench:desktop`, or
 * `node bench/desktop/main.ts [throughput] [latency] [viewers] [memory]`. It needs Docker, root, and Debian's websockify and python3-numpy.
 */
import { runBenches } from '../run.ts'
import { benchDesktopLatency } from './latency.ts'
import { benchStuckViewer } from './memory.ts'
import { benchThroughput } from './throughput.ts'
import { benchViewers } from './viewers.ts'

await runBenches({
  throughput: {
    run: benchThroughput,
    header: `An RFB stream as fast as it goes, to one viewer that only counts. The server's way has a hop more than the others': X
  server → agent → link → server → WebSocket. Processor time is that of all between the X server and the viewer.`,
  },
  latency: {
    run: benchDesktopLatency,
    header: `From a key press to the changed pixels, in a terminal of a real desktop, at a viewer of the server and at an RFB client
  on the X server's own socket, which take turns; and a picture by /screenshot.png.`,
  },
  viewers: {
    run: benchViewers,
    header: 'Fifty viewers of one desktop: from a key press of one of them to the changed pixels at each.',
  },
  memory: {
    run: benchStuckViewer,
    header:
      'A viewer that stops reading, of a desktop that always has more to show: what the server holds more after a minute.',
  },
})
