import { z } from 'zod'
import { limits } from './limits.ts'

export const ShareId = z.string().regex(/^shr-[0-9a-z]{12}$/, 'must be a share id such as shr-0123456789ab')
export const ShareMode = z.enum(['view', 'control']).describe('What the link’s guests may do.')
export type ShareMode = z.infer<typeof ShareMode>

/** The body of `POST /jobs/{id}/shares`. */
export const NewShare = z.strictObject({
  mode: ShareMode.default('view'),
  seconds: z
    .int()
    .min(1)
    .max(limits.shareSeconds.max)
    .default(limits.shareSeconds.default)
    .describe('How long the link is good, from now.'),
})

/** A link that shows one job’s desktop, and nothing else, to whoever has it. */
export const Share = z.object({
  id: ShareId,
  mode: ShareMode,
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  viewers: z.int().describe('How many watch by it now.'),
})
export type Share = z.infer<typeof Share>

/** Only the answer to its making holds the link: the server keeps a hash. */
export const MadeShare = Share.extend({ url: z.url() })
