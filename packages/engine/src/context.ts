import type { LlamaContext, LlamaContextSequence, LlamaModel } from 'node-llama-cpp'
import { EngineError } from './errors.ts'

/** llama.cpp keeps one place free for the token that is sampled next. */
const SPARE = 1

export interface Context {
  /**
   * The sequence to generate with, and how many tokens prompt and answer may have together. What an earlier call left
   * in it is kept, so that a prompt with the same beginning is not computed again.
   * @throws EngineError 500 when there is no memory for a context of that size
   */
  open(numCtx: number): Promise<{ sequence: LlamaContextSequence; limit: number }>
  /** Tokens of the context that is open now; 0 before the first call. */
  size(): number
  close(): Promise<void>
}

/** The model's working memory: made at the first call, made anew when a call asks for a larger one. */
export function createContext(model: LlamaModel): Context {
  let current: { context: LlamaContext; sequence: LlamaContextSequence; size: number } | undefined

  async function close() {
    const old = current
    current = undefined
    await old?.context.dispose()
  }

  async function grow(size: number) {
    await close()
    try {
      // The full cache lets models with sliding-window attention reuse a shared beginning too.
      const context = await model.createContext({ contextSize: size + SPARE, swaFullCache: true })
      return { context, sequence: context.getSequence(), size }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new EngineError(
        500,
        `options.num_ctx: no memory for a context of ${size} tokens; ask for a smaller one (${reason})`,
      )
    }
  }

  return {
    async open(numCtx) {
      const limit = Math.min(numCtx, model.trainContextSize)
      if (current === undefined || current.size < limit) current = await grow(limit)
      return { sequence: current.sequence, limit }
    },
    size: () => current?.size ?? 0,
    close,
  }
}
