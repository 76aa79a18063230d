/** One line of a comparison: its numbers, from 0, in the old and in the new text; null where it is not in it. */
export type DiffLine = { before: number | null; after: number | null }

/** Beyond this many pairs of lines what differs is shown as one change. */
const mostPairs = 4_000_000

/** How one text's lines become another's, with as many lines kept as can be (a longest common subsequence). */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  const most = Math.min(before.length, after.length) - start
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++

  const same = (from: number, count: number, shift: number): DiffLine[] =>
    Array.from({ length: count }, (_, index) => ({ before: from + index, after: from + shift + index }))
  const middle = changed(before.slice(start, before.length - end), after.slice(start, after.length - end))
  return [
    ...same(0, start, 0),
    ...middle.map((line) => ({ before: shifted(line.before, start), after: shifted(line.after, start) })),
    ...same(before.length - end, end, after.length - before.length),
  ]
}

const shifted = (number: number | null, by: number) => (number === null ? null : number + by)

function changed(before: readonly string[], after: readonly string[]): DiffLine[] {
  const [rows, columns] = [before.length, after.length]
  if (rows * columns > mostPairs) {
    return [
      ...before.map((_, index) => ({ before: index, after: null })),
      ...after.map((_, index) => ({ before: null, after: index })),
    ]
  }
  // common[i × width + j]: how many lines the rests from i and j on have in common.
  const width = columns + 1
  const common = new Uint32Array((rows + 1) * width)
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const [right, below] = [common[i * width + j + 1]!, common[(i + 1) * width + j]!]
      common[i * width + j] =
        before[i] === after[j] ? common[(i + 1) * width + j + 1]! + 1 : Math.max(right, below)
    }
  }
  const lines: DiffLine[] = []
  let [i, j] = [0, 0]
  while (i < rows || j < columns) {
    const isKept = i < rows && j < columns && before[i] === after[j]
    const isGone = i < rows && (j === columns || common[(i + 1) * width + j]! >= common[i * width + j + 1]!)
    if (isKept) lines.push({ before: i++, after: j++ })
    else if (isGone) lines.push({ before: i++, after: null })
    else lines.push({ before: null, after: j++ })
  }
  return lines
}
