/** More than a model can compare. */
const longest = 600
/** How many lines of a long output are shown before the first difference. */
const linesBefore = 3

/** What is wrong with what was printed; empty where it is what was expected. */
export function compare(
  { stdout, whitespace }: { stdout: string; whitespace: 'exact' | 'normalized' },
  printed: string,
): string {
  const fold = whitespace === 'exact' ? (text: string) => text : normal
  const [wanted, found] = [fold(stdout), fold(printed)]
  if (wanted === found) return ''
  const isLong = stdout.length > longest || printed.length > longest
  const [shownWanted, shownFound] = isLong ? aroundDifference(wanted, found) : [stdout, printed]
  return `It should print (${whitespace === 'exact' ? 'exactly' : 'apart from blanks'}):\n${shownWanted}\nBut it printed:\n${shownFound}`
}

const normal = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .join('\n')
    .trim()

function aroundDifference(...texts: [string, string]): string[] {
  const [wanted, found] = texts.map((text) => text.split('\n')) as [string[], string[]]
  const first = wanted.findIndex((line, at) => line !== found[at])
  const from = Math.max(0, (first < 0 ? wanted.length : first) - linesBefore)
  return [wanted, found].map((lines) => clip(lines.slice(from).join('\n'), from))
}

const clip = (text: string, from: number) =>
  `${from > 0 ? '…\n' : ''}${text.slice(0, longest)}${text.length > longest ? '…' : ''}`
