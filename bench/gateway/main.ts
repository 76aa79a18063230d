/**
 * The gateway between sandboxes and model servers, every part in a process of its own: `npm run bench:gateway`, or
 * `node bench/gateway/main.ts [latency] [queue] [ollama]`.
 */
import { runBenches } from '../run.ts'
import { benchLatency } from './latency.ts'
import { benchOllama } from './ollama.ts'
import { benchQueue } from './queue.ts'

await runBenches({
  latency: {
    run: benchLatency,
    header: `What the gateway adds to a model call, beside a plain pipe and beside nothing in between.
  The model server takes 20 ms to the first of 8 tokens and 10 ms to each other one, for each of its callers.`,
  },
  queue: {
    run: benchQueue,
    header: `Jobs that share a model server of one processor (100 ms to the first token, 20 ms to each other one).
  One slot ends the n-th of 20 calls after n times a call's length, whatever the order; four slots end them in fours, four times
  as slowly. So with calls of one length no queue gets below (10.5 / 12 =) 0.88 of what four slots take.`,
  },
  ollama: { run: benchOllama, header: 'The same with a real Ollama and SmolLM2-135M on the CPU.' },
})
