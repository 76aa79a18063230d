import type { ServerResponse } from 'node:http'
import type { Context } from './context.ts'
import { generate, type Usage } from './generate.ts'
import type { Model } from './model.ts'
import type { Prompt } from './prompt.ts'
import type { GenerationOptions } from './protocol.ts'
import type { Queue } from './queue.ts'
import { thinkingSplitter, type Split } from './thinking.ts'

export interface Engine {
  version: string
  model: Model
  context: Context
  queue: Queue
}

export interface Asked {
  prompt: Prompt
  options: GenerationOptions
  stream: boolean
  /** Whether thoughts are parted from the answer; raw prompts get the text as it comes. */
  splitThinking: boolean
  /** Gives a piece the form of its endpoint: `{response}` or `{message}`. */
  shape(piece: Split): object
}

/**
 * Answers one call when its turn comes: NDJSON lines as they are made, or one object at the end. No header goes out
 * before the first text, so that a refusal still has its own status.
 */
export async function answer(
  engine: Engine,
  asked: Asked,
  signal: AbortSignal,
  response: ServerResponse,
): Promise<void> {
  const arrived = process.hrtime.bigint()
  const { model, context, queue } = engine
  const splitter = asked.splitThinking ? thinkingSplitter({ byPrompt: asked.prompt.opensThinking }) : plain
  const whole: Split = { thinking: '', answer: '' }

  const show = (piece: Split) => {
    if (piece.thinking === '' && piece.answer === '') return
    whole.thinking += piece.thinking
    whole.answer += piece.answer
    if (asked.stream) writeLine(response, { ...head(model.name), ...asked.shape(piece), done: false })
  }

  const usage = await queue.run(signal, () =>
    generate(model.llama, context, {
      prompt: asked.prompt.text,
      options: asked.options,
      signal,
      onText: (text) => show(splitter.push(text)),
    }),
  )
  show(splitter.flush())
  const total = Number(process.hrtime.bigint() - arrived)
  const end = { done: true, done_reason: usage.reason, ...figures(usage, total) }
  if (asked.stream) {
    writeLine(response, { ...head(model.name), ...asked.shape({ thinking: '', answer: '' }), ...end })
    response.end()
  } else {
    sendJson(response, 200, { ...head(model.name), ...asked.shape(whole), ...end })
  }
}

/** Answers a call without a prompt, by which callers ask to have the model loaded. */
export function answerLoaded(name: string, asked: Pick<Asked, 'shape'>, response: ServerResponse): void {
  const shaped = asked.shape({ thinking: '', answer: '' })
  sendJson(response, 200, { ...head(name), ...shaped, done: true, done_reason: 'load' })
}

/** Sends one whole JSON object. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}

/** Sends one line of NDJSON, after the header if it is the first. */
export function writeLine(response: ServerResponse, line: object): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.write(`${JSON.stringify(line)}\n`)
}

const plain = {
  push: (text: string): Split => ({ thinking: '', answer: text }),
  flush: (): Split => ({ thinking: '', answer: '' }),
}

function head(model: string) {
  return { model, created_at: new Date().toISOString() }
}

/** Durations are in nanoseconds, as everywhere in this protocol; the wait in the queue is in the total only. */
function figures(usage: Usage, total: number) {
  return {
    total_duration: total,
    load_duration: usage.loadDuration,
    prompt_eval_count: usage.promptTokens,
    prompt_eval_duration: usage.promptDuration,
    eval_count: usage.answerTokens,
    eval_duration: usage.answerDuration,
  }
}
