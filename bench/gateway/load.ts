import { startChild } from '../child.ts'
import type { Load, Timing } from './callers.ts'

type Wanted = Partial<Load> & Pick<Load, 'targets' | 'callsEach' | 'tokens'>

export type Callers = AsyncDisposable & {
  /** Makes the calls; one timing for each, whatever it was answered. */
  calls(wanted: Wanted): Promise<Timing[]>
  /** The same; throws where a call was refused. */
  load(wanted: Wanted): Promise<Timing[]>
}

/** Callers in a process of their own. */
export async function startCallers(): Promise<Callers> {
  const child = await startChild('gateway/callers.ts')
  const calls = async (wanted: Wanted) => {
    const load: Load = { warmUp: 0, model: 'bench', leaveAfter: 0, apart: 0, ...wanted }
    return (await child.ask(load)) as Timing[]
  }
  return {
    calls,
    async load(wanted) {
      const timings = await calls(wanted)
      const refused = timings.find(({ status }) => status !== 200)
      if (refused) throw new Error(`A call was answered with ${refused.status}.`)
      return timings
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}
