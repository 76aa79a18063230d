import { z } from 'zod'
import { MadeShare, NewShare, Share, ShareId, type Moment } from '../share.ts'
import type { Recording } from './recordings.ts'
import { ofJob, route } from './route.ts'

/** What a guest’s page learns of the recording that its link shows; null where it is kept no longer. */
export type SharedRecording = { moment: Moment; recording: Recording | null }

export const shareRoutes = {
  createShare: route({
    method: 'POST',
    path: '/jobs/{id}/shares',
    summary: 'Make a link that shows the desktop, or a recording from a moment on, to whoever has it',
    params: ofJob,
    body: NewShare,
    success: { status: 201, body: MadeShare },
    errors: ['not_found', 'not_json', 'storage_full'],
  }),
  listShares: route({
    method: 'GET',
    path: '/jobs/{id}/shares',
    summary: 'The share links that are good now',
    params: ofJob,
    success: { status: 200, body: z.object({ shares: z.array(Share) }) },
    errors: ['not_found'],
  }),
  deleteShare: route({
    method: 'DELETE',
    path: '/jobs/{id}/shares/{share}',
    summary: 'Revoke a share link; who watches by it is closed at once',
    params: ofJob.extend({ share: ShareId }),
    success: { status: 204 },
    errors: ['not_found'],
  }),
}
