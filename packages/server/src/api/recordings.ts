import { Readable } from 'node:stream'
import { VitrineError } from '@vitrine/contract/error.ts'
import type { JobEvent } from '@vitrine/contract/event.ts'
import { recordingMedia } from '@vitrine/contract/recording.ts'
import type { Recording } from '@vitrine/contract/routes/recordings.ts'
import { now } from '../clock.ts'
import type { EventLog } from '../events/event-log.ts'
import { attachment } from '../files/download.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Recordings } from '../recordings/recordings.ts'
import { replayPage } from '../recordings/replay-page.ts'
import { encodeVideo } from '../recordings/video.ts'
import type { StoredJob } from '../store/jobs.ts'
import type { Handlers } from './bind.ts'
import type { WebFiles } from './pages.ts'

export type RecordingRoutesOptions = { jobs: Jobs; recordings: Recordings; events: EventLog; web: WebFiles }

export function recordingRoutes({
  jobs,
  recordings,
  events,
  web,
}: RecordingRoutesOptions): Pick<Handlers, 'listRecordings' | 'readRecording' | 'readReplay' | 'readVideo'> {
  async function open(id: string, run: number, from: number): Promise<{ job: StoredJob; records: Readable }> {
    const job = await jobs.get(id)
    const records = await recordings.read(id, run, from)
    if (!records) throw new VitrineError('not_found', `Run ${run} of job ${id} has no recording.`)
    return { job, records }
  }

  async function told(id: string, run: number): Promise<JobEvent[]> {
    const batches = await Array.fromAsync(events.stored(id, 0))
    return batches.flat().filter((event) => event.run === run && !streamed.has(event.type))
  }

  return {
    listRecordings: async ({ params: { id } }) => {
      await jobs.get(id)
      return { recordings: await presentRecordings(recordings, id) }
    },
    readRecording: async ({ params: { id, run }, query }) => {
      const { records } = await open(id, run, query.from)
      return recordsAnswer(records)
    },
    readReplay: async ({ params: { id, run } }) => {
      const player = playerOf(web)
      const { job, records } = await open(id, run, 0)
      const { task, name } = job.request
      const page = replayPage({ title: name ?? task, run, events: await told(id, run), player, records })
      return answer(Readable.from(page), {
        'content-type': 'text/html; charset=utf-8',
        'content-disposition': attachment(`${id}-${run}.html`),
      })
    },
    readVideo: async ({ params: { id, run }, request }) => {
      const { records } = await open(id, run, 0)
      return answer(await encodeVideo(records, request.signal), {
        'content-type': 'video/webm',
        'content-disposition': attachment(`${id}-${run}.webm`),
      })
    },
  }
}

/** A job’s recordings as they are listed, the first run first. */
export async function presentRecordings(recordings: Recordings, job: string): Promise<Recording[]> {
  return (await recordings.list(job)).map(presented)
}

export const recordsAnswer = (records: Readable): Response =>
  answer(records, { 'content-type': recordingMedia })

type Listed = Awaited<ReturnType<Recordings['list']>>[number]

function presented({ run, isLive, scan: { end, time, segments } }: Listed): Recording {
  const startedAt = segments[0]!.at
  // While nothing changes nothing is stored, and time goes on all the same.
  const seconds = (isLive ? Math.max(time, now() - startedAt) : time) / 1000
  return {
    run,
    startedAt: new Date(startedAt).toISOString(),
    seconds,
    bytes: end,
    live: isLive,
    segments: segments.map(({ at, from, to }, index) => ({
      startedAt: new Date(at).toISOString(),
      from: from / 1000,
      to: index === segments.length - 1 ? seconds : to / 1000,
    })),
  }
}

/** What comes in many small pieces is no moment to jump to. */
const streamed = new Set<JobEvent['type']>([
  'candidate.text',
  'candidate.thinking',
  'model.generating',
  'model.called',
])

function playerOf(web: WebFiles): { script: string; style: string } {
  const [script, style] = [web.get('replay/player.js'), web.get('replay/player.css')]
  if (!script || !style) {
    throw new VitrineError('unavailable', 'The player is not built: run `npm run dist` on the server.')
  }
  const decoder = new TextDecoder()
  return { script: decoder.decode(script.body), style: decoder.decode(style.body) }
}

function answer(stream: Readable, headers: Record<string, string>): Response {
  const body = Readable.toWeb(stream) as ReadableStream<Uint8Array>
  return new Response(body, { headers: { ...headers, 'cache-control': 'no-store' } })
}
