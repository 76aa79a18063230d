import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ModelFacts } from '@vitrine/agent/model-server.ts'
import type { Ask, Sample } from './model.ts'

const Final = z.object({
  done_reason: z.string(),
  prompt_eval_count: z.int(),
  prompt_eval_duration: z.int().default(0),
  eval_count: z.int(),
  total_duration: z.int(),
  load_duration: z.int().default(0),
})
const Kept = Final.extend({ text: z.string() })

/**
 * A real model's samples, each asked for once and then kept in `folder` under (model, prompt, options, seed): the seed of
 * a sample is its place among those that were asked for with the same words. Threads that wait for each other crawl on a
 * machine that has other work: there `threads` should be 1.
 */
export function cachedSamples(url: string, folder: string, threads: number | undefined): Ask {
  // One call at a time: a call that waits in the server's queue has no header, and would be given up.
  let before: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(call: () => Promise<T>): Promise<T> => {
    const now = before.then(call)
    before = now.catch(() => {})
    return now
  }
  return async ({ path, body, nth }): Promise<Sample> => {
    const options = { ...(body['options'] as object), seed: nth }
    const asked = JSON.stringify({ ...body, options, stream: true })
    const file = join(folder, `${createHash('sha256').update(`${path}\n${asked}`).digest('hex')}.json`)
    const kept = await read(file)
    const sent = threads
      ? JSON.stringify({ ...body, options: { ...options, num_thread: threads }, stream: true })
      : asked
    const { text, ...final } = kept ?? (await inTurn(() => sample(`${url}${path}`, sent)))
    if (!kept) await write(file, { text, ...final })
    return {
      text,
      doneReason: final.done_reason === 'length' ? 'length' : 'stop',
      tokensIn: final.prompt_eval_count,
      tokensOut: final.eval_count,
      // What the samples of a rerun would have taken; loading the model is left out.
      seconds: (final.total_duration - final.load_duration) / 1e9,
      promptSeconds: final.prompt_eval_duration / 1e9,
    }
  }
}

/** `POST /api/show`, as the agent's policy wants it told again. */
export async function showModel(
  url: string,
  model: string,
): Promise<Pick<ModelFacts, 'template' | 'capabilities' | 'family'>> {
  const Show = z.object({
    template: z.string().default(''),
    capabilities: z.array(z.string()),
    details: z.object({ family: z.string() }),
  })
  const response = await fetch(`${url}/api/show`, { method: 'POST', body: JSON.stringify({ model }) }).catch(
    () => undefined,
  )
  if (!response) throw new Error(`No Ollama answers at ${url}; start one, or name another with --ollama.`)
  if (!response.ok)
    throw new Error(`The Ollama at ${url} does not have ${model}; get it with: ollama pull ${model}`)
  const { template, capabilities, details } = Show.parse(await response.json())
  return { template, capabilities, family: details.family }
}

async function sample(url: string, body: string): Promise<z.infer<typeof Kept>> {
  const response = await fetch(url, { method: 'POST', body })
  const lines = (await response.text()).trim().split('\n')
  const pieces = lines.map((line) => Piece.parse(JSON.parse(line)))
  const text = pieces.map(({ response, message }) => response ?? message?.content ?? '').join('')
  return { text, ...Final.parse(JSON.parse(lines.at(-1) ?? '')) }
}

const Piece = z.object({
  response: z.string().optional(),
  message: z.object({ content: z.string().default('') }).optional(),
})

async function read(file: string): Promise<z.infer<typeof Kept> | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Kept.parse(JSON.parse(text))
}

async function write(file: string, kept: z.infer<typeof Kept>): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(`${file}.part`, JSON.stringify(kept))
  await rename(`${file}.part`, file)
}
