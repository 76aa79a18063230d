/** What is shown below a job's desktop. Null stands for what the page chooses by itself: the newest run, the best candidate. */
export type View =
  | { name: 'candidates'; run: number | null; candidate: number | null; against: number | null }
  | { name: 'files'; file: string | null }
  | { name: 'terminal' }
  | { name: 'usage' }

export const candidates = (chosen: Partial<Extract<View, { name: 'candidates' }>> = {}): View => ({
  name: 'candidates',
  run: null,
  candidate: null,
  against: null,
  ...chosen,
})

/** The view that a page's search part names, such as `?view=files&file=out%2Fa.py`. */
export function readView(search: string): View {
  const query = new URLSearchParams(search)
  const number = (name: string) => {
    const text = query.get(name) ?? ''
    return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : null
  }
  switch (query.get('view')) {
    case 'files':
      return { name: 'files', file: query.get('file') }
    case 'terminal':
    case 'usage':
      return { name: query.get('view') as 'terminal' | 'usage' }
    default:
      return {
        name: 'candidates',
        run: number('run'),
        candidate: number('candidate'),
        against: number('against'),
      }
  }
}

/** The search part that names a view. */
export function viewSearch({ name, ...rest }: View): string {
  const chosen = Object.entries(rest).filter(([, value]) => value !== null)
  return `?${new URLSearchParams([['view', name], ...chosen.map(([key, value]) => [key, String(value)])]).toString()}`
}
