import { GatewayError } from './gateway-error.ts'

export type Admission = {
  /** Throws `too_many_calls` where `who` has `most` under way; disposing gives the place back. */
  admit(who: string, most: number): Disposable
  underWay(who: string): number
}

/** Counts what everybody has under way. */
export function createAdmission(): Admission {
  const counts = new Map<string, number>()
  const underWay = (who: string) => counts.get(who) ?? 0

  function admit(who: string, most: number): Disposable {
    if (underWay(who) >= most)
      throw new GatewayError('too_many_calls', `at most ${most} calls at once; wait for one to end`)
    counts.set(who, underWay(who) + 1)
    return {
      [Symbol.dispose]() {
        const left = underWay(who) - 1
        if (left > 0) counts.set(who, left)
        else counts.delete(who)
      },
    }
  }

  return { admit, underWay }
}
