import {
  startScriptedOllama,
  type ScriptedModel,
  type ScriptedOllama,
  type ScriptedRequest,
} from '../../test/testbed/scripted-ollama.ts'

export type Sample = {
  text: string
  doneReason: 'stop' | 'length'
  tokensIn: number
  tokensOut: number
  seconds: number
  promptSeconds: number
  /** Only of a simulated model. */
  isRight?: boolean
}

/** Answers a generation; `nth` counts from 1 those of one job that were asked with the same words. */
export type Ask = (asked: {
  path: string
  body: Record<string, unknown>
  task: string
  nth: number
}) => Promise<Sample>

export type BenchModel = AsyncDisposable & {
  url: string
  /** Forgets the samples of a task, so that its next job gets the same ones again. */
  begin(task: string): void
  /** The samples that a task's job got, in turn. */
  samples(task: string): readonly Sample[]
}

/** A model server whose answers are the same in every run, whatever seeds the product chooses. */
export async function startBenchModel(model: ScriptedModel, ask: Ask): Promise<BenchModel> {
  const jobs = new Map<string, { asked: string[]; samples: Sample[] }>()
  const answer = async ({ path, body: { options, ...rest } }: ScriptedRequest) => {
    const body = { ...rest, options: clamped(options as Options) }
    const task = taskOf(body)
    const job = jobs.getOrInsertComputed(task, () => ({ asked: [], samples: [] }))
    const words = JSON.stringify([path, { ...body, options: { ...body.options, seed: 0 } }])
    const place = job.samples.length
    job.asked.push(words)
    const nth = job.asked.filter((other) => other === words).length
    const sample = await ask({ path, body, task, nth })
    job.samples[place] = sample
    return sample
  }
  const ollama: ScriptedOllama = await startScriptedOllama({ models: [model], answers: answer })
  return {
    url: ollama.url,
    begin: (task) => void jobs.delete(task),
    samples: (task) => jobs.get(task)?.samples ?? [],
    [Symbol.asyncDispose]: () => ollama[Symbol.asyncDispose](),
  }
}

type Options = { num_predict: number }

/** Simple programs are short, and small models that lose themselves in repetition go on for minutes. */
function clamped(options: Options): Options {
  return { ...options, num_predict: Math.min(options.num_predict, 512) }
}

/** The task of a request of either prompt style, or of the plain one. */
function taskOf(body: Record<string, unknown>): string {
  const messages = body['messages'] as { content: string }[] | undefined
  if (messages) return messages[1]?.content ?? ''
  const prompt = String(body['prompt'])
  const last = prompt.split('\nTask: ').at(-1) ?? ''
  return last.split('\n', 1)[0] ?? ''
}
