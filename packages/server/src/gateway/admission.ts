import { GatewayError } from './gateway-error.ts'

/** Counts what each sandbox has under way: `admit` throws `too_many_calls` at the limit; disposing gives the place back. */
export function createAdmission(most: number): { admit(sandbox: string): Disposable } {
  const underWay = new Map<string, number>()

  function admit(sandbox: string): Disposable {
    const before = underWay.get(sandbox) ?? 0
    if (before >= most)
      throw new GatewayError('too_many_calls', `at most ${most} calls at once; wait for one to end`)
    underWay.set(sandbox, before + 1)
    return {
      [Symbol.dispose]() {
        const left = (underWay.get(sandbox) ?? 1) - 1
        if (left > 0) underWay.set(sandbox, left)
        else underWay.delete(sandbox)
      },
    }
  }

  return { admit }
}
