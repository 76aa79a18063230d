import { z } from 'zod'
import { limits } from './limits.ts'

/** A name that a viewer chooses for itself, and keeps over reconnects. */
export const ViewerId = z
  .string()
  .regex(/^[\w-]{8,64}$/, 'must be 8 to 64 letters, digits, _ or -')
  .describe('A viewer: an open page, or a program. It chooses its id itself, by chance.')
export type ViewerId = z.infer<typeof ViewerId>

/** One who watches a desktop, as others see it. */
export const Viewer = z.object({
  id: z.string().describe('A guest’s begins with the id of the share link that it came by.'),
  viewOnly: z.boolean().describe('It drives only after `take`, not by typing.'),
  mayDrive: z.boolean().describe('False for guests of a share link that is to watch only.'),
  since: z.iso.datetime(),
})

/** Who drives a desktop. At most one does: the input of all others never reaches it. */
export const Control = z.object({
  holder: z.string().nullable().describe('The viewer that drives.'),
  since: z.iso.datetime().nullable().describe('Since when it drives.'),
  viewers: z.array(Viewer).describe('All that watch now.'),
  requests: z.array(z.string()).describe('Viewers that asked to drive, the first first.'),
  you: z.string().nullable().describe('The id under which the viewer that asks is listed.'),
  mayDrive: z.boolean().describe('Whether the viewer that asks may drive at all.'),
})
export type Control = z.infer<typeof Control>

/** How the lease came to where it is. */
export const ControlChange = z.object({
  holder: z.string().nullable(),
  how: z.enum(['taken', 'given', 'released', 'idle', 'left']),
})
export type ControlChange = z.infer<typeof ControlChange>

/** How much the viewer that drives has typed and clicked since the last of these. What, nobody keeps: it may be a password. */
export const ControlInput = z.object({
  holder: z.string(),
  keys: z.int().describe('Keys that were pressed.'),
  clicks: z.int().describe('Mouse buttons that were pressed, and turns of the wheel.'),
})
export type ControlInput = z.infer<typeof ControlInput>

/** Bodies of the calls that change who drives. */
export const ControlCall = z.strictObject({ viewer: ViewerId })
export const ControlGift = z.strictObject({
  viewer: ViewerId,
  to: z.string().max(100).describe('The viewer that shall drive.'),
})

const Point = { x: z.int().min(0).max(65_535), y: z.int().min(0).max(65_535) }
const button = z.enum(['left', 'middle', 'right'])

/** One thing to do with keyboard or mouse. */
export const InputAction = z.union([
  z.strictObject({
    text: z.string().min(1).max(limits.inputCharacters).describe('Typed character by character.'),
  }),
  z.strictObject({
    keys: z
      .array(z.string().min(1).max(32))
      .min(1)
      .max(8)
      .describe('Pressed in this order and let go in the other: `["Control", "c"]`, `["Return"]`.'),
  }),
  z.strictObject({
    mouse: z.strictObject({
      ...Point,
      action: z
        .enum(['move', 'click', 'double', 'press', 'release', 'up', 'down'])
        .default('click')
        .describe('`up` and `down` turn the wheel. What is pressed is let go at the end of the call.'),
      button: button.default('left'),
    }),
  }),
])
export type InputAction = z.infer<typeof InputAction>

/** The body of `POST /jobs/{id}/input`. */
export const NewInput = z.strictObject({
  viewer: ViewerId,
  actions: z.array(InputAction).min(1).max(limits.inputActions),
})
