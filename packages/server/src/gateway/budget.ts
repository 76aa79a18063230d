import type { ModelCall } from './bodies.ts'
import type { Budget } from './caller.ts'
import { GatewayError } from './gateway-error.ts'

/** Throws `budget_spent` where the run has used up what it may. `underWay`: its other calls, each of which will count. */
export function requireBudget({ limits, spent }: Budget, underWay: number): void {
  if (spent.calls + underWay >= limits.modelCalls) throw spentOf('modelCalls', limits.modelCalls)
  for (const name of ['tokensIn', 'tokensOut'] as const)
    if (spent[name] >= limits[name]) throw spentOf(name, limits[name])
}

/** The call with room for no more tokens than the run has left. */
export function withinBudget(call: ModelCall, { limits, spent }: Budget): ModelCall {
  const left = limits.tokensOut - spent.tokensOut
  if (call.maxTokens <= left) return call
  const options = { ...(call.body['options'] as object), num_predict: left }
  return { ...call, maxTokens: left, body: { ...call.body, options } }
}

const spentOf = (name: string, most: number) =>
  new GatewayError('budget_spent', `this job's run has used up its limit ${name} of ${most}`)
