import { VitrineApiError } from '@vitrine/sdk/error.ts'
import { problemText } from '../words.ts'
import type { Problems } from './draft.ts'

/** Puts each thing that the server found wrong at the nearest of the form’s fields; what has none stands under `form`. */
export function problemsOf(error: unknown, fields: readonly string[]): Problems {
  if (!(error instanceof VitrineApiError) || error.details.length === 0) return { form: problemText(error) }
  const problems: Record<string, string> = {}
  for (const { path, message } of error.details) {
    const field = fields.find((field) => path === field || path.startsWith(`${field}.`))
    const text = field ? message : `${path}: ${message}`
    const place = field ?? 'form'
    problems[place] = problems[place] ? `${problems[place]}; ${text}` : text
  }
  return problems
}
