/** One figure: its samples or one value, in `unit`, and what it should stay below, or reach. */
export type Figure = {
  what: string
  values: readonly number[]
  unit: '' | ' ms' | ' kB' | ' MB' | ' MiB'
  goal?: number
  atLeast?: number
}

/** Figures as aligned columns; the goal is held against the median. */
export function table(figures: readonly Figure[]): string {
  const rows = [['', 'min', 'median', 'p95', 'goal', ''], ...figures.map(row)]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)))
  const lines = rows.map((cells) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))),
  )
  return lines.map((cells) => `${cells.join('   ').trimEnd()}\n`).join('')
}

function row({ what, values, unit, goal, atLeast }: Figure): string[] {
  const show = (value: number) => (unit === '' ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0)) + unit
  const middle = quantile(values, 0.5)
  const spread = values.length > 1
  return [
    what,
    spread ? show(Math.min(...values)) : '',
    show(middle),
    spread ? show(quantile(values, 0.95)) : '',
    goal === undefined ? (atLeast === undefined ? '' : `≥ ${atLeast}${unit}`) : `≤ ${goal}${unit}`,
    goal === undefined && atLeast === undefined
      ? ''
      : middle <= (goal ?? Infinity) && middle >= (atLeast ?? -Infinity)
        ? 'ok'
        : 'MISSED',
  ]
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The nearest-rank quantile. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]!
}
