import { z } from 'zod'
import { ControlChange, ControlInput } from './control.ts'
import { EgressAttempt, EgressMore } from './egress.ts'
import {
  CheckName,
  CheckResult,
  DesktopState,
  FollowUp,
  JobState,
  Phase,
  Reason,
  Verdict,
  Waiting,
} from './job.ts'
import { TerminalOutput } from './terminal.ts'

const event = <Type extends string, Data extends z.ZodRawShape>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), data: z.object(data) })

const candidate = z.int().describe('1 for the first candidate of a run.')

/** What only an agent can tell: it travels over the link, numbered, until the server has stored it. */
export const AgentEvent = z.discriminatedUnion('type', [
  event('job.phase', { phase: Phase }),
  event('model.waiting', { waiting: Waiting.nullable() }),
  event('candidate.started', {
    candidate,
    style: z.string().describe('The prompt’s style: chat, completion.'),
    kind: z.enum(['first', 'repair', 'fresh']),
    model: z.string(),
    temperature: z.number(),
    seed: z.int(),
    thinks: z.boolean(),
  }),
  event('candidate.asked', {
    candidate,
    path: z.enum(['/api/chat', '/api/generate']),
    body: z
      .record(z.string(), z.unknown())
      .describe(
        'The call’s body: prompt or messages, and options. Long texts are cut; prompt.json has them whole.',
      ),
  }),
  event('candidate.thinking', { candidate, text: z.string() }),
  event('candidate.text', { candidate, text: z.string() }),
  event('candidate.finished', {
    candidate,
    tokensIn: z.int(),
    tokensOut: z.int(),
    seconds: z.number(),
    doneReason: z
      .string()
      .describe('As the model server said; `loop`: the answer said the same over and over, so it was ended.'),
    program: z.string().nullable().describe('The extracted program; null where the answer held none.'),
  }),
  event('check.started', { candidate, check: CheckName }),
  event('check.finished', { candidate, result: CheckResult }),
  event('file.saved', { path: z.string(), bytes: z.int() }),
  event('file.versioned', {
    path: z.string(),
    version: z.string().describe('Where its text is kept, as somebody had changed it by hand.'),
  }),
  event('desktop.window', { program: z.string() }),
  event('verdict', { verdict: Verdict, reason: Reason.nullable() }),
  event('log', { level: z.enum(['info', 'warning', 'error']), message: z.string() }),
])
export type AgentEvent = z.infer<typeof AgentEvent>

/** The answer that is being written: so far, and how fast of late. Told every few seconds. */
export const ModelGenerating = z.object({ tokens: z.int(), tokensPerSecond: z.number() })
export type ModelGenerating = z.infer<typeof ModelGenerating>

/** One model call that was answered, wholly or in part. */
export const ModelCalled = z.object({
  model: z.string(),
  tokensIn: z.int().describe('Of the prompt, those that the model server had in its cache included.'),
  tokensOut: z.int(),
  waited: z.number().describe('Seconds in the queue.'),
  seconds: z.number().describe('Seconds from its turn to the end of its answer.'),
  doneReason: z.string().nullable().describe('Null where the answer did not reach its end.'),
})
export type ModelCalled = z.infer<typeof ModelCalled>

/** What the server itself tells of a job. */
export const ServerEvent = z.discriminatedUnion('type', [
  event('job.state', { from: JobState.nullable(), to: JobState, reason: Reason.nullable() }),
  z.object({ type: z.literal('job.prompted'), data: FollowUp }),
  event('job.waiting', { waiting: Waiting.nullable() }),
  z.object({ type: z.literal('model.generating'), data: ModelGenerating }),
  z.object({ type: z.literal('model.called'), data: ModelCalled }),
  event('desktop.state', { from: DesktopState, to: DesktopState, message: z.string().nullable() }),
  z.object({ type: z.literal('egress.attempt'), data: EgressAttempt }),
  z.object({ type: z.literal('egress.more'), data: EgressMore }),
  z.object({ type: z.literal('control.changed'), data: ControlChange }),
  z.object({ type: z.literal('control.input'), data: ControlInput }),
  z.object({ type: z.literal('terminal.output'), data: TerminalOutput }),
  event('files.kept', { files: z.int(), bytes: z.int(), skipped: z.array(z.string()) }),
])
export type ServerEvent = z.infer<typeof ServerEvent>

/** One entry of a job's append-only log. `seq` counts from 1 without gaps; order by it, not by `at`. */
export const JobEvent = z
  .object({ seq: z.int(), at: z.iso.datetime(), run: z.int() })
  .and(z.union([AgentEvent, ServerEvent]))
export type JobEvent = z.infer<typeof JobEvent>
export type EventBody = AgentEvent | ServerEvent
