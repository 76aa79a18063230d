import { z } from 'zod'
import { recordingMedia } from '../recording.ts'
import { ofJob, route, whole } from './route.ts'

const seconds = z.number().describe('Seconds since the recording began.')
/** What a run's desktop showed. An event's place in it is its `at` less `startedAt`. */
export const Recording = z.object({
  run: z.int(),
  startedAt: z.iso.datetime(),
  seconds: z.number().describe('How long it is by now, gaps between its segments included.'),
  bytes: z.int(),
  live: z.boolean().describe('True while more is recorded.'),
  segments: z
    .array(z.object({ startedAt: z.iso.datetime(), from: seconds, to: seconds }))
    .describe(
      'Stretches without a gap: a desktop that was opened again, or a server that was away, begins a new one.',
    ),
})
export type Recording = z.infer<typeof Recording>

const recordingOf = ofJob.extend({ run: whole('the number of a run').pipe(z.int().min(1)) })

export const recordingRoutes = {
  listRecordings: route({
    method: 'GET',
    path: '/jobs/{id}/recordings',
    summary: 'List the recordings of the job’s desktops, one for each run',
    params: ofJob,
    success: { status: 200, body: z.object({ recordings: z.array(Recording) }) },
    errors: ['not_found'],
  }),
  readRecording: route({
    method: 'GET',
    path: '/jobs/{id}/recordings/{run}',
    summary: 'Read a recording: its records as they are stored, up to now',
    params: recordingOf,
    query: z.strictObject({
      from: whole('a number of milliseconds')
        .default(0)
        .describe('Milliseconds since the recording began: from the key picture at or before it on.'),
    }),
    success: { status: 200, body: { media: [recordingMedia] } },
    errors: ['not_found'],
  }),
  readReplay: route({
    method: 'GET',
    path: '/jobs/{id}/recordings/{run}/replay.html',
    summary: 'Download a recording as one page that plays it anywhere, without this server',
    params: recordingOf,
    success: { status: 200, body: { media: ['text/html'] } },
    errors: ['not_found'],
  }),
  readVideo: route({
    method: 'GET',
    path: '/jobs/{id}/recordings/{run}/replay.webm',
    summary:
      'Download a recording as a video, in which nothing stands still for more than two seconds; needs ffmpeg',
    params: recordingOf,
    success: { status: 200, body: { media: ['video/webm'] } },
    errors: ['not_found'],
  }),
}
