import { recordsOf } from '@vitrine/sdk/recordings.ts'
import { render } from 'preact'
import type { JobEvent } from '../site.ts'
import { momentOf } from './moment-hash.ts'
import { momentsOf } from './moments.ts'
import type { Source } from './playback.ts'
import { Player } from './player.tsx'
import { printedIn } from './printed.ts'
import { indexRecording } from '@vitrine/sdk/recording-index.ts'
import '../base.css'
import './player.css'
import './offline.css'

/** The page that a recording is saved as: everything is in it, as packages/server/src/recordings/replay-page.ts writes it. */
type About = { title: string; run: number; events: JobEvent[] }

const about = JSON.parse(textOf('about')) as About
const bytes = Uint8Array.from(atob(textOf('recording')), (character) => character.charCodeAt(0))
const { startedAt, duration, keys } = await indexRecording(bytes)

/** So much is looked at ahead of what is shown. */
const piece = 1024 * 1024
const source: Source = {
  read: (from) => {
    const key = keys.findLast(({ time }) => time <= from) ?? keys[0]
    return recordsOf(
      (async function* () {
        yield bytes.subarray(0, 8)
        for (let at = key?.offset ?? bytes.length; at < bytes.length; at += piece)
          yield bytes.subarray(at, at + piece)
      })(),
    )
  },
}

const recording = { run: about.run, startedAt: new Date(startedAt).toISOString() }
const printed = printedIn(about.events, recording)
/** While the picture stood still nothing was recorded, but terminals may have printed. */
const lasts = Math.max(duration, printed.at(-1)?.time ?? 0)

document.title = `${about.title.slice(0, 200)} · Vitrine`
render(
  <main class="offline">
    <h1>{about.title.slice(0, 500)}</h1>
    <Player
      source={source}
      duration={lasts}
      moments={momentsOf(about.events, recording)}
      printed={printed}
      label="What the desktop showed"
      start={momentOf(location.hash)?.time ?? 0}
    />
  </main>,
  document.getElementById('replay')!,
)

function textOf(id: string): string {
  return document.getElementById(id)?.textContent ?? ''
}
