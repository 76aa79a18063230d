import { z } from 'zod'

const part = {
  ok: z.boolean(),
  message: z.string(),
  fix: z.string().nullable().describe('What to do about it; null where it is well.'),
}
const Part = z.object(part)
const NamedPart = z.object({ ...part, name: z.string() })

/** How the parts of the server do that a job needs. */
export const Health = z.object({
  version: z.string(),
  engine: Part,
  image: NamedPart,
  model: NamedPart,
  disk: Part,
  sandbox: Part.describe('Whether sandboxes become ready: linked, with a desktop that shows itself.'),
  sandboxes: z.object({ ready: z.int(), busy: z.int(), poolSize: z.int(), concurrency: z.int() }),
  queued: z.int(),
})
export type Health = z.infer<typeof Health>

/** One setting of the server: the variable of its environment, its value now, and what it decides. */
const Setting = z.object({ name: z.string(), value: z.string(), about: z.string() })

const Range = z.object({ min: z.number(), default: z.number(), max: z.number() })

/** What this server was started with, and the ranges of a job’s limits. */
export const Settings = z.object({
  settings: z.array(Setting),
  limits: z.record(z.string(), Range).describe('By the names of a job’s `limits`.'),
})
export type Settings = z.infer<typeof Settings>
