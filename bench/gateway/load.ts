import { runChild } from '../child.ts'
import type { Load, Timing } from './callers.ts'

type Wanted = Partial<Load> & Pick<Load, 'targets' | 'callsEach' | 'tokens'>

/** Makes the calls in a process of their own; one timing for each, whatever it was answered. */
export async function calls(wanted: Wanted): Promise<Timing[]> {
  const load: Load = { warmUp: 0, model: 'bench', leaveAfter: 0, ...wanted }
  return (await runChild('gateway/callers.ts', load)) as Timing[]
}

/** The same; throws where a call was refused. */
export async function load(wanted: Wanted): Promise<Timing[]> {
  const timings = await calls(wanted)
  const refused = timings.find(({ status }) => status !== 200)
  if (refused) throw new Error(`A call was answered with ${refused.status}.`)
  return timings
}
