import { readLabel } from '../wall/filter.ts'
import type { NewJobInput } from '../site.ts'
import { splitCommand } from './split-command.ts'

export type CheckKind = 'none' | 'stdout' | 'tests' | 'command'

/** A job as it stands in the form: what people wrote, not yet what the server takes. */
export type Draft = {
  task: string
  name: string
  model: string
  language: NonNullable<NewJobInput['language']>
  checkKind: CheckKind
  stdout: string
  exact: boolean
  tests: string
  command: string
  labels: string
  egress: string
  /** By the limit’s name; empty for the usual one. */
  limits: Readonly<Record<string, string>>
}

export const emptyDraft: Draft = {
  task: '',
  name: '',
  model: '',
  language: 'python',
  checkKind: 'none',
  stdout: '',
  exact: false,
  tests: '',
  command: '',
  labels: '',
  egress: '',
  limits: {},
}

/** What is wrong, by the field’s path in the body of `POST /jobs`. */
export type Problems = Readonly<Record<string, string>>

/** The body for a draft, or what of it can’t be read; all else the server judges. */
export function jobOf(draft: Draft): { job: NewJobInput } | { problems: Problems } {
  const problems: Record<string, string> = {}
  const check = checkOf(draft, problems)
  const labels = labelsOf(draft.labels, problems)
  const limits = limitsOf(draft.limits, problems)
  const egress = draft.egress.split(/[\s,]+/).filter((host) => host !== '')
  if (Object.keys(problems).length > 0) return { problems }
  const { task, language, model, name } = draft
  return {
    job: {
      task,
      language,
      ...(model && { model }),
      ...(name.trim() && { name }),
      ...(check && { check }),
      ...(Object.keys(limits).length > 0 && { limits }),
      ...(egress.length > 0 && { egress }),
      ...(Object.keys(labels).length > 0 && { labels }),
    },
  }
}

function checkOf(draft: Draft, problems: Record<string, string>): NewJobInput['check'] {
  switch (draft.checkKind) {
    case 'none':
      return undefined
    case 'stdout':
      return { stdout: draft.stdout, whitespace: draft.exact ? 'exact' : 'normalized' }
    case 'tests':
      if (draft.tests.trim() === '') problems['check.tests'] = 'choose a file, or write the tests'
      return { tests: draft.tests }
    case 'command': {
      const command = splitCommand(draft.command)
      if (command === null) problems['check.command'] = 'a quote is not closed'
      else if (command.length === 0) problems['check.command'] = 'write a command'
      return { command: command ?? [] }
    }
  }
}

function labelsOf(text: string, problems: Record<string, string>): Record<string, string> {
  const parts = text.split(',').filter((part) => part.trim() !== '')
  const labels = parts.map(readLabel)
  if (labels.includes(null)) problems['labels'] = 'write labels as key=value, with commas between'
  return Object.fromEntries(labels.filter((label) => label !== null))
}

function limitsOf(texts: Draft['limits'], problems: Record<string, string>): Record<string, number> {
  const given = Object.entries(texts).filter(([, text]) => text.trim() !== '')
  for (const [name, text] of given) {
    if (!Number.isFinite(Number(text))) problems[`limits.${name}`] = 'must be a number'
  }
  return Object.fromEntries(given.map(([name, text]) => [name, Number(text)]))
}
