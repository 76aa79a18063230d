import { randomInt } from 'node:crypto'
import type { LlamaContextSequence, LlamaModel, SequenceEvaluateOptions, Token } from 'node-llama-cpp'
import type { Context } from './context.ts'
import { EngineError } from './errors.ts'
import type { GenerationOptions } from './protocol.ts'
import { stopFilter } from './stops.ts'

/** Tokens of the prompt computed between two looks at the signal: well under a second on two slow cores. */
const PROMPT_CHUNK = 32
/** More text for a token than any real prompt has; beyond it a prompt is too long without counting. */
const MAX_CHARS_PER_TOKEN = 64
const REPLACEMENT = '\uFFFD'

export interface Usage {
  reason: 'stop' | 'length'
  /** Nanoseconds for making room: 0 or nearly so unless a context had to be made. */
  loadDuration: number
  promptTokens: number
  /** Nanoseconds until the first token of the answer. */
  promptDuration: number
  answerTokens: number
  /** Nanoseconds from the first token of the answer to the end. */
  answerDuration: number
}

/**
 * Continues a prompt until the model ends, a stop string comes, or the room is used up. Only one call may run at a time.
 *
 * @param onText gets the answer piece by piece, without the stop string
 * @throws EngineError 400 when the prompt does not fit; the signal's reason soon after it aborts
 */
export async function generate(
  model: LlamaModel,
  context: Context,
  request: {
    prompt: string
    options: GenerationOptions
    signal: AbortSignal
    onText: (text: string) => void
  },
): Promise<Usage> {
  const { prompt, options, signal, onText } = request
  const called = process.hrtime.bigint()
  const { sequence, limit } = await context.open(options.num_ctx)
  const started = process.hrtime.bigint()
  const tokens = tokenize(model, prompt, limit)
  const last = await evaluateAllButLast(sequence, tokens, signal)

  const most = Math.min(options.num_predict > 0 ? options.num_predict : Infinity, limit - tokens.length)
  const filter = stopFilter(options.stop)
  const answer: Token[] = []
  let pending: Token[] = []
  let answerTokens = 0
  let firstAt = started
  let reason: Usage['reason'] = 'length'

  for await (const token of sequence.evaluate([last], sampling(options, tokens, answer))) {
    signal.throwIfAborted()
    if (answerTokens === 0) firstAt = process.hrtime.bigint()
    answerTokens++
    if (model.isEogToken(token)) {
      reason = 'stop'
      break
    }
    pending.push(token)
    const text = model.detokenize(pending, true, answer)
    // A character can be spread over tokens; a real U+FFFD must not hold the answer back for ever.
    if (!text.endsWith(REPLACEMENT) || pending.length >= 4) {
      answer.push(...pending)
      pending = []
      const { text: shown, stopped } = filter.push(text)
      if (shown !== '') onText(shown)
      if (stopped) {
        reason = 'stop'
        break
      }
    }
    if (answerTokens >= most) break
  }
  const rest = filter.flush()
  if (rest !== '') onText(rest)
  const ended = process.hrtime.bigint()
  return {
    reason,
    loadDuration: Number(started - called),
    promptTokens: tokens.length,
    promptDuration: Number(firstAt - started),
    answerTokens,
    answerDuration: Number(ended - firstAt),
  }
}

function tokenize(model: LlamaModel, prompt: string, limit: number): Token[] {
  if (prompt.length > limit * MAX_CHARS_PER_TOKEN) throw tooLong(`${prompt.length} characters`, limit)
  const { bos, shouldPrependBosToken } = model.tokens
  const withBos = shouldPrependBosToken && bos !== null
  const tokens = model.tokenize(prompt, true, withBos ? 'trimLeadingSpace' : undefined)
  if (withBos && tokens[0] !== bos) tokens.unshift(bos)
  if (tokens.length >= limit) throw tooLong(`${tokens.length} tokens`, limit)
  return tokens
}

function tooLong(length: string, limit: number): EngineError {
  return new EngineError(
    400,
    `prompt: ${length} do not fit into a context of ${limit} tokens; shorten it or raise options.num_ctx`,
  )
}

/** Computes what the sequence does not hold yet and gives the last token, from which the answer goes on. */
async function evaluateAllButLast(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  signal: AbortSignal,
): Promise<Token> {
  const last = tokens.at(-1)
  if (last === undefined) throw new EngineError(400, 'prompt: it is empty')
  const before = tokens.slice(0, -1)
  await (before.length === 0 ? sequence.clearHistory() : sequence.adaptStateToTokens(before, false))
  for (let at = sequence.nextTokenIndex; at < before.length; at += PROMPT_CHUNK) {
    signal.throwIfAborted()
    await sequence.evaluateWithoutGeneratingNewTokens(before.slice(at, at + PROMPT_CHUNK))
  }
  signal.throwIfAborted()
  return last
}

function sampling(
  options: GenerationOptions,
  prompt: readonly Token[],
  answer: readonly Token[],
): SequenceEvaluateOptions {
  const { repeat_penalty: penalty, repeat_last_n: lastN, seed } = options
  const window = lastN < 0 ? options.num_ctx : lastN
  const recent = () => [...prompt.slice(-window), ...answer].slice(-window)
  return {
    temperature: options.temperature,
    topK: options.top_k,
    topP: options.top_p,
    minP: options.min_p,
    // Without a seed the library takes the clock's second, which makes samples drawn in one second alike.
    seed: seed === undefined || seed < 0 ? randomInt(2 ** 32) : seed % 2 ** 32,
    yieldEogToken: true,
    ...(penalty === 1 || window === 0
      ? {}
      : { repeatPenalty: { penalty, punishTokens: recent, maxPunishTokens: window } }),
  }
}
