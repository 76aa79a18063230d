import { z } from 'zod'
import { EgressHosts } from './egress.ts'
import { limits } from './limits.ts'

/** A job's states. The last three are final for the job's present run; `restart` and follow-ups begin a new run. */
export const JobState = z.enum(['queued', 'starting', 'running', 'succeeded', 'failed', 'canceled'])
export type JobState = z.infer<typeof JobState>

/** The legal moves of a job within one run. What is not here does not happen. */
export const jobMoves: Record<JobState, readonly JobState[]> = {
  queued: ['starting', 'failed', 'canceled'],
  starting: ['running', 'queued', 'failed', 'canceled'],
  running: ['succeeded', 'failed', 'canceled'],
  succeeded: [],
  failed: [],
  canceled: [],
}

/** True where a run has ended. */
export const isFinal = (state: JobState): boolean => jobMoves[state].length === 0

/** A desktop's states, apart from the job's: a finished job keeps its desktop live for a while. */
export const DesktopState = z.enum(['closed', 'opening', 'live'])
export type DesktopState = z.infer<typeof DesktopState>

/** The legal moves of a desktop. */
export const desktopMoves: Record<DesktopState, readonly DesktopState[]> = {
  closed: ['opening'],
  opening: ['live', 'closed'],
  live: ['closed'],
}

/** Why a run failed or was canceled; the codes that programs can branch on. */
export const ReasonCode = z.enum([
  'check_failed',
  'no_program',
  'model_unavailable',
  'model_error',
  'budget_spent',
  'time_limit',
  'out_of_memory',
  'sandbox_failed',
  'sandbox_lost',
  'agent_error',
  'canceled',
  'stopped',
])
export const Reason = z.object({ code: ReasonCode, message: z.string() })
export type Reason = z.infer<typeof Reason>

const wellFormed = (text: string) => text.isWellFormed() && !text.includes('\0')
const bytes = (text: string) => new TextEncoder().encode(text).length
/** Text of at most so many bytes, without what no shell, file or database takes. */
export const Text = (maxBytes: number) =>
  z
    .string()
    .refine(wellFormed, 'must not contain NUL characters or unpaired surrogates')
    .refine((text) => bytes(text) <= maxBytes, `must be at most ${maxBytes} bytes of UTF-8`)

export const Task = Text(limits.taskBytes).refine((text) => text.trim() !== '', 'must not be empty')

/** An Ollama model name: `[host/][namespace/]model[:tag]`. */
export const ModelName = z
  .string()
  .max(200)
  .regex(/^[\w][\w.-]*(\/[\w][\w.-]*)*(:[\w][\w.-]*)?$/, 'must be a model name such as qwen3:0.6b')

export const Language = z.enum(['python', 'javascript', 'bash'])
export type Language = z.infer<typeof Language>

/** What decides about a candidate, beyond that it compiles and runs. */
export const Check = z.union(
  [
    z.strictObject({
      stdout: Text(limits.checkBytes).describe('What the program must print.'),
      whitespace: z
        .enum(['exact', 'normalized'])
        .default('normalized')
        .describe('`normalized` folds runs of blanks and ignores blank lines at the ends.'),
    }),
    z.strictObject({
      tests: Text(limits.checkBytes).describe('A pytest file; the program is importable as `program`.'),
    }),
    z.strictObject({
      command: z
        .array(Text(4096))
        .min(1)
        .max(64)
        .describe('A command run in /output; exit code 0 passes. `{program}` stands for the program’s path.'),
    }),
  ],
  'must hold one of stdout, tests and command, each as the API describes it',
)
export type Check = z.infer<typeof Check>

const whole = (range: { default: number; min?: number; max: number }) =>
  z
    .int()
    .min(range.min ?? 1)
    .max(range.max)
    .default(range.default)

export const JobLimits = z.strictObject({
  seconds: whole(limits.workSeconds).describe('Work time, from the assignment to the verdict.'),
  desktopSeconds: whole(limits.desktopSeconds).describe(
    'How long the desktop stays live after the job ended.',
  ),
  memoryMiB: whole(limits.memoryMiB),
  cpus: z.number().min(0.1).max(limits.cpus.max).default(limits.cpus.default),
  candidates: whole(limits.candidates).describe('How many programs the agent may try.'),
  modelCalls: whole(limits.modelCalls).describe('How many model calls a run may make.'),
  tokensIn: whole(limits.tokensIn).describe('How many tokens a run may have the model read.'),
  tokensOut: whole(limits.tokensOut).describe('How many tokens a run may have the model write.'),
  concurrentCalls: whole(limits.concurrentCalls).describe(
    'How many model calls may be under way at once, those that wait included.',
  ),
})
export type JobLimits = z.infer<typeof JobLimits>

export const Labels = z
  .record(
    z
      .string()
      .regex(/^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$/, 'label keys are lower case letters, digits, . _ / -'),
    Text(256),
  )
  .refine((labels) => Object.keys(labels).length <= limits.labels, `at most ${limits.labels} labels`)

/** The body of `POST /jobs`. Unknown fields are refused. */
export const NewJob = z.strictObject({
  task: Task.describe('What to build.'),
  name: Text(limits.nameLength * 4)
    .refine(
      (name) => name.trim() !== '' && name.length <= limits.nameLength,
      `must be 1 to ${limits.nameLength} characters`,
    )
    .optional(),
  model: ModelName.optional().describe('Absent: the server’s default model.'),
  language: Language.default('python'),
  check: Check.optional(),
  limits: JobLimits.prefault({}),
  egress: EgressHosts.describe('The hosts that programs of the job may reach; absent: none.'),
  labels: Labels.default({}),
})
export type NewJob = z.infer<typeof NewJob>
/** What a caller may write: defaults left out. */
export type NewJobInput = z.input<typeof NewJob>

/** The body of `POST /jobs/{id}/prompts`. Unknown fields are refused. */
export const NewPrompt = z.strictObject({
  prompt: Task.describe('What to change about the program that is there: “now make it a window”.'),
  check: Check.optional().describe(
    'What decides about the changed program. Absent: that it compiles and runs; the task’s check would contradict the wish.',
  ),
})
export type NewPrompt = z.infer<typeof NewPrompt>
export type NewPromptInput = z.input<typeof NewPrompt>

/** What a run goes on with in the sandbox of the run before. */
export const FollowUp = z.object({ prompt: z.string(), check: Check.nullable() })
export type FollowUp = z.infer<typeof FollowUp>

/** How a restart goes about the task: as if it were new, or after an earlier run of it. */
export const RestartMode = z.enum(['fresh', 'exact', 'replay'])
export type RestartMode = z.infer<typeof RestartMode>

/** The body of `POST /jobs/{id}/restart`, which may be left out. */
export const NewRestart = z.strictObject({
  mode: RestartMode.default('fresh').describe(
    '`exact`: the candidates of the newest recorded run again, with their styles, temperatures and seeds. `replay`: its recorded answers, and no model at all.',
  ),
})

/** The run that another one repeats, and how. */
export const Repeat = z.object({ run: z.int(), how: RestartMode.exclude(['fresh']) })
export type Repeat = z.infer<typeof Repeat>

export const CheckName = z.enum(['compiles', 'runs', 'stdout', 'tests', 'command'])

/** One check's evidence. `output` is the end of what was printed, at most 4 KiB. */
export const CheckResult = z.object({
  check: CheckName,
  passed: z.boolean(),
  exitCode: z.int().nullable(),
  timedOut: z.boolean(),
  seconds: z.number(),
  output: z.string(),
  message: z.string().optional(),
})
export type CheckResult = z.infer<typeof CheckResult>

/**
 * The evidence that a run ends with. `passed`: the job's own check passed; `ran`: there was none, and the program ran
 * without an error; `failed`: no candidate did.
 */
export const Verdict = z.object({
  outcome: z.enum(['passed', 'ran', 'failed']),
  program: z.string().nullable().describe('The program’s file name under /output.'),
  candidate: z
    .int()
    .nullable()
    .default(null)
    .describe('The number of the candidate that the program is; null where it is none of this run.'),
  candidates: z.int().describe('How many were tried.'),
  checks: z.array(CheckResult),
})
export type Verdict = z.infer<typeof Verdict>

/** What a job waits for, in words that a person can read. */
export const Waiting = z.object({ for: z.enum(['slot', 'sandbox', 'model']), message: z.string() })
export type Waiting = z.infer<typeof Waiting>

/** What the agent is doing while a job is `running`. */
export const Phase = z.enum(['generating', 'checking', 'repairing', 'opening'])
export type Phase = z.infer<typeof Phase>

export const Usage = z.object({ calls: z.int(), tokensIn: z.int(), tokensOut: z.int() })
export type Usage = z.infer<typeof Usage>

const Time = z.iso.datetime().describe('RFC 3339, UTC')

export const JobId = z.string().regex(/^job-[0-9a-z]{12}$/, 'must be a job id such as job-0123456789ab')

export const Job = z.object({
  id: JobId,
  run: z.int().describe('1 for the first run; each restart and each follow-up adds one.'),
  task: z.string(),
  followUp: FollowUp.nullable().describe('What the present run changes; null where it runs the task.'),
  repeats: Repeat.nullable().describe('The earlier run that the present one repeats.'),
  name: z.string().nullable(),
  model: z.string(),
  language: Language,
  check: Check.nullable(),
  limits: JobLimits,
  egress: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
  state: JobState,
  phase: Phase.nullable(),
  waiting: Waiting.nullable(),
  reason: Reason.nullable(),
  verdict: Verdict.nullable(),
  usage: Usage,
  tokensPerSecond: z.number().nullable().describe('How fast the model writes now, where that is known.'),
  desktop: z.object({
    state: DesktopState,
    url: z.string().nullable().describe('Where a browser sees the desktop while it is live.'),
    expiresAt: Time.nullable(),
  }),
  createdAt: Time,
  startedAt: Time.nullable(),
  finishedAt: Time.nullable(),
  workTime: z
    .object({
      endsAt: Time.nullable().describe('When the limit is reached; null while the clock stands still.'),
      left: z.number().nullable().describe('Seconds left while the clock stands still; null while it runs.'),
    })
    .nullable()
    .describe(
      'What is left of `limits.seconds` while the job is running. Waiting for the model does not count.',
    ),
})
export type Job = z.infer<typeof Job>
