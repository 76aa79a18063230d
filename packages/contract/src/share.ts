import { z } from 'zod'
import { limits } from './limits.ts'

export const ShareId = z.string().regex(/^shr-[0-9a-z]{12}$/, 'must be a share id such as shr-0123456789ab')
export const ShareMode = z.enum(['view', 'control']).describe('What the link’s guests may do.')
export type ShareMode = z.infer<typeof ShareMode>

/** A place in the recording of a run. */
export const Moment = z.strictObject({
  run: z.int().min(1).describe('The run whose recording is shown.'),
  seconds: z.number().min(0).describe('Where it begins, in seconds since that recording began.'),
})
export type Moment = z.infer<typeof Moment>

/** The body of `POST /jobs/{id}/shares`. */
export const NewShare = z
  .strictObject({
    mode: ShareMode.default('view'),
    moment: Moment.optional().describe(
      'The link shows this recording from there, in place of the desktop: also after the desktop is gone.',
    ),
    seconds: z
      .int()
      .min(1)
      .max(limits.shareSeconds.max)
      .default(limits.shareSeconds.default)
      .describe('How long the link is good, from now.'),
  })
  .refine(({ mode, moment }) => moment === undefined || mode === 'view', {
    path: ['mode'],
    message: 'must be view where a moment is given: nobody drives a recording',
  })

/** A link that shows one job’s desktop, or one of its recordings, and nothing else, to whoever has it. */
export const Share = z.object({
  id: ShareId,
  mode: ShareMode,
  moment: Moment.nullable().describe('Null where the link shows the desktop.'),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  viewers: z.int().describe('How many watch the desktop by it now.'),
})
export type Share = z.infer<typeof Share>

/** Only the answer to its making holds the link: the server keeps a hash. */
export const MadeShare = Share.extend({ url: z.url() })
