import type { JobState } from '@vitrine/contract/job.ts'
import { CliError } from './exit.ts'

const all = ['queued', 'starting', 'running', 'succeeded', 'failed', 'canceled'] as const satisfies JobState[]

/** Reads `failed,canceled` as states. */
export function states(text: string | undefined): { state?: JobState[] } {
  if (text === undefined) return {}
  const words = text.split(',')
  const unknown = words.find((word) => !all.some((state) => state === word))
  if (unknown !== undefined) {
    throw new CliError('usage', `--state ${JSON.stringify(unknown)} is not one of ${all.join(', ')}`)
  }
  return { state: words as JobState[] }
}
