import type { JobState } from '../site.ts'

/** Which jobs the wall shows, as its address says it: `?state=failed,canceled&q=two+words&label=team=red`. */
export type WallFilter = {
  state: readonly JobState[]
  text: string
  labels: Readonly<Record<string, string>>
}

export const stateChoices = [
  { word: 'All', states: [] },
  { word: 'Unfinished', states: ['queued', 'starting', 'running'] },
  { word: 'Succeeded', states: ['succeeded'] },
  { word: 'Failed', states: ['failed'] },
  { word: 'Canceled', states: ['canceled'] },
] as const satisfies { word: string; states: readonly JobState[] }[]

const states: readonly string[] = stateChoices.flatMap((choice) => choice.states)

/** What is no state or no label is left out. */
export function filterOf(query: URLSearchParams): WallFilter {
  const state = (query.get('state') ?? '').split(',').filter((one): one is JobState => states.includes(one))
  const labels = query.getAll('label').flatMap((text) => {
    const label = readLabel(text)
    return label ? [label] : []
  })
  return { state, text: query.get('q') ?? '', labels: Object.fromEntries(labels) }
}

/** `key=value`; null where it is none. */
export function readLabel(text: string): [key: string, value: string] | null {
  const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(text) ?? []
  return key === undefined || value === undefined ? null : [key, value]
}

/** The query’s `label` for these labels; null for none. */
export function labelQuery(labels: WallFilter['labels']): string[] | null {
  const all = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return all.length > 0 ? all : null
}

export const isEveryJob = ({ state, text, labels }: WallFilter): boolean =>
  state.length === 0 && text.trim() === '' && Object.keys(labels).length === 0
