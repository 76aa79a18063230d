import type { Control } from '@vitrine/contract/control.ts'
import { VitrineError } from '@vitrine/contract/error.ts'
import type { Controls } from '../desktops/control.ts'
import type { Lease, Participant } from '../desktops/lease.ts'
import { actsOf, sendInput } from '../desktops/send-input.ts'
import { asParticipant, type OpenDesktop } from '../desktops/viewers.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Handlers } from './bind.ts'

export type ControlRoutes = Pick<
  Handlers,
  'readControl' | 'requestControl' | 'takeControl' | 'giveControl' | 'releaseControl' | 'sendInput'
>

/** Who drives a job’s desktop, for those who are signed in. */
export function controlRoutes(jobs: Jobs, controls: Controls, open: OpenDesktop): ControlRoutes {
  const change = async (id: string, viewer: string, act: (lease: Lease, who: Participant) => void) => {
    await mustBeLive(jobs, id)
    return changed(controls, id, asParticipant(viewer, null), act)
  }
  return {
    readControl: async ({ params, query: { viewer } }) => {
      await jobs.get(params.id)
      const told = controls.of(params.id).read(asParticipant(viewer ?? '', null))
      return { ...told, you: viewer ?? null }
    },
    requestControl: ({ params, body }) => change(params.id, body.viewer, (lease, who) => lease.request(who)),
    takeControl: ({ params, body }) => change(params.id, body.viewer, (lease, who) => lease.take(who)),
    giveControl: ({ params, body }) =>
      change(params.id, body.viewer, (lease, who) => lease.give(who, body.to)),
    releaseControl: ({ params, body }) => change(params.id, body.viewer, (lease, who) => lease.release(who)),
    sendInput: async ({ params, body, request }) => {
      await mustBeLive(jobs, params.id)
      controls.of(params.id).use(asParticipant(body.viewer, null), actsOf(body.actions))
      await sendInput(open, params.id, body.actions, request.signal)
    },
  }
}

/** Changes a lease, and tells how it stands then. */
export function changed(
  controls: Controls,
  job: string,
  who: Participant,
  act: (lease: Lease, who: Participant) => void,
): Control {
  const lease = controls.of(job)
  act(lease, who)
  return lease.read(who)
}

export async function mustBeLive(jobs: Jobs, id: string): Promise<void> {
  const { desktop } = await jobs.get(id)
  if (desktop !== 'live') throw new VitrineError('conflict', `The desktop of job ${id} is ${desktop}.`)
}
