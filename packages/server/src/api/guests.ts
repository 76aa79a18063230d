import { ControlCall, ControlGift, ViewerId } from '@vitrine/contract/control.ts'
import { VitrineError } from '@vitrine/contract/error.ts'
import { routes } from '@vitrine/contract/routes.ts'
import type { SharedRecording } from '@vitrine/contract/routes/shares.ts'
import type { z } from 'zod'
import type { Controls } from '../desktops/control.ts'
import type { Lease, Participant } from '../desktops/lease.ts'
import { asParticipant } from '../desktops/viewers.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Recordings } from '../recordings/recordings.ts'
import { parse, readJson } from './bind.ts'
import { changed, mustBeLive } from './control.ts'
import type { App, Call } from './env.ts'
import { file, type WebFiles } from './pages.ts'
import type { Passes } from './passes.ts'
import { presentRecordings, recordsAnswer } from './recordings.ts'
import type { Shared } from './shares.ts'

export type GuestOptions = {
  open: (token: string) => Promise<Shared | null>
  jobs: Jobs
  controls: Controls
  recordings: Recordings
  passes: Passes
}

const pageOf = { desktop: 'vnc.html', recording: 'shared-recording.html' } as const

/**
 * What share links open, at `/s/<token>/`: a desktop’s page, beside it who drives, and (by its WebSocket) the desktop; or a
 * recording’s page, and beside it the recording. Wrong, revoked and ended links are told apart by nobody.
 */
export function guestPages(
  app: App,
  web: WebFiles,
  { open, jobs, controls, recordings, passes }: GuestOptions,
): void {
  const enter = async (c: Call) => {
    const shared = await open(c.req.param('token') ?? '')
    if (shared) passes.breakOff(shared.pass, c.env.outgoing)
    return shared
  }
  // Relative addresses on the page need the slash.
  app.get('/s/:token', (c) => c.redirect(`${c.req.param('token')}/`))
  app.get('/s/:token/', async (c) => {
    const shared = await enter(c)
    return shared ? file(web, pageOf[shared.shows], 200) : file(web, 'ended-link.html', 404)
  })

  const enterRecording = async (c: Call) => {
    const shared = await enter(c)
    return shared?.shows === 'recording' ? shared : refuse()
  }
  app.get('/s/:token/recording', async (c) => {
    const { job, moment } = await enterRecording(c)
    const recording = (await presentRecordings(recordings, job)).find(({ run }) => run === moment.run)
    return c.json({ moment, recording: recording ?? null } satisfies SharedRecording, 200, {
      'cache-control': 'no-store',
    })
  })
  app.get('/s/:token/recording/records', async (c) => {
    const { job, moment } = await enterRecording(c)
    const { from } = parse(routes.readRecording.query, c.req.query())
    const records = await recordings.read(job, moment.run, from)
    if (!records) throw new VitrineError('not_found', 'This recording is kept no longer.')
    return recordsAnswer(records)
  })

  const enterDesktop = async (c: Call) => {
    const shared = await enter(c)
    return shared?.shows === 'desktop' ? shared.entry : refuse()
  }
  const change = async <Body extends z.output<typeof ControlCall>>(
    c: Call,
    type: z.ZodType<Body>,
    act: (lease: Lease, who: Participant, body: Body) => void,
  ) => {
    const { job, share } = await enterDesktop(c)
    const body = parse(type, await readJson(c))
    await mustBeLive(jobs, job)
    const who = asParticipant(body.viewer, share)
    return c.json(changed(controls, job, who, (lease) => act(lease, who, body)))
  }
  app.get('/s/:token/control', async (c) => {
    const { job, share } = await enterDesktop(c)
    const viewer = parse(ViewerId, c.req.query('viewer'))
    return c.json(controls.of(job).read(asParticipant(viewer, share)))
  })
  app.post('/s/:token/control/request', (c) => change(c, ControlCall, (lease, who) => lease.request(who)))
  app.post('/s/:token/control/take', (c) => change(c, ControlCall, (lease, who) => lease.take(who)))
  app.post('/s/:token/control/give', (c) =>
    change(c, ControlGift, (lease, who, { to }) => lease.give(who, to)),
  )
  app.post('/s/:token/control/release', (c) => change(c, ControlCall, (lease, who) => lease.release(who)))
}

function refuse(): never {
  throw new VitrineError('not_found', 'This share link is not good, or no longer.')
}
