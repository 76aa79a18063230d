import { ControlCall, ControlGift, ViewerId } from '@vitrine/contract/control.ts'
import { VitrineError } from '@vitrine/contract/error.ts'
import type { Context, Hono } from 'hono'
import type { z } from 'zod'
import type { Controls } from '../desktops/control.ts'
import type { Lease, Participant } from '../desktops/lease.ts'
import { asParticipant, type Entry } from '../desktops/viewers.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { parse, readJson } from './bind.ts'
import { changed, mustBeLive } from './control.ts'
import { file, type WebFiles } from './pages.ts'

export type GuestOptions = {
  open: (token: string) => Promise<Entry | null>
  jobs: Jobs
  controls: Controls
}

/**
 * What a share link opens, at `/s/<token>/`: the desktop’s page, beside it who drives, and (by its WebSocket) the desktop.
 * Wrong, revoked and ended links are told apart by nobody.
 */
export function guestPages(app: Hono, web: WebFiles, { open, jobs, controls }: GuestOptions): void {
  const enter = async (c: Context) => {
    const entry = await open(c.req.param('token') ?? '')
    if (!entry) throw new VitrineError('not_found', 'This share link is not good, or no longer.')
    return entry
  }
  const change = async <Body extends z.output<typeof ControlCall>>(
    c: Context,
    type: z.ZodType<Body>,
    act: (lease: Lease, who: Participant, body: Body) => void,
  ) => {
    const { job, share } = await enter(c)
    const body = parse(type, await readJson(c))
    await mustBeLive(jobs, job)
    const who = asParticipant(body.viewer, share)
    return c.json(changed(controls, job, who, (lease) => act(lease, who, body)))
  }

  // Relative addresses on the page need the slash.
  app.get('/s/:token', (c) => c.redirect(`${c.req.param('token')}/`))
  app.get('/s/:token/', async (c) => {
    const isGood = (await open(c.req.param('token'))) !== null
    return isGood ? file(web, 'vnc.html', 200) : file(web, 'ended-link.html', 404)
  })
  app.get('/s/:token/control', async (c) => {
    const { job, share } = await enter(c)
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
