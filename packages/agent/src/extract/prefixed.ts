import { isSaid } from './prose.ts'

const mostLines = 5000
const mostRuns = 6
/** What is looked at of a line. */
const lineStart = 200

/**
 * Runs of lines that all stand behind the same mark: what a patch adds (with the lines around it that it keeps), and what
 * stands behind bars. The marks are left out.
 */
export function prefixedRuns(text: string): string[] {
  const lines = text.split('\n').slice(0, 4 * mostLines)
  return [...runsOf(lines, /^[ \t]*\+(?!\+\+ )/, isPatch), ...runsOf(lines, /^[ \t]*[│┃|](?= |$)/, isBarred)]
    .slice(0, mostRuns)
    .map((code) => code.join('\n'))
}

/**
 * Runs of lines behind a blank line that are all indented: Markdown's other way of showing code (CommonMark 0.31, 4.4);
 * those that stand behind words.
 */
export function indentedRuns(text: string): string[] {
  const lines = text.split('\n').slice(0, 4 * mostLines)
  const runs: string[] = []
  for (let at = 0; at < lines.length && runs.length < mostRuns; at += 1) {
    if (!isIndented(lines[at]) || (at > 0 && lines[at - 1]?.trim() !== '')) continue
    const first = at
    while (at < lines.length && (isIndented(lines[at]) || lines[at]?.trim() === '')) at += 1
    const before = lines.slice(0, first).findLast((line) => line.trim() !== '')
    if (before === undefined || isSaid(before)) runs.push(lines.slice(first, at).join('\n'))
  }
  return runs
}

/** Lines without what stands before every one of them: a sign of a patch, a bar, a prompt, a field's name; backticks around each. */
export function withoutPrefix(text: string): string[] {
  const lines = text.trim().split('\n')
  const filled = lines.filter((line) => line.trim() !== '')
  if (lines.length > 4 * mostLines) return []
  if (filled.every((line) => /^`[^`]+`$/.test(line)))
    return [lines.map((line) => line.slice(1, -1)).join('\n')]
  const prefix = /^(\+(?! )|\S{0,30}[$#%>:|*;•+-] )/.exec(filled[0] ?? '')?.[0]
  if (prefix === undefined || (filled.length < 2 && prefix !== '+')) return []
  if (!filled.every((line) => line.startsWith(prefix.trimEnd()))) return []
  return [
    lines
      .map((line) => line.slice(line.startsWith(prefix) ? prefix.length : prefix.trimEnd().length))
      .join('\n'),
  ]
}

const isIndented = (line: string | undefined) =>
  line !== undefined && /^(\t| {2,})\s*\S/.test(line.slice(0, lineStart))

type Strip = (line: string, indent: number) => string | null | undefined

/** What a line of a patch leaves in the file: null for one that it takes away, undefined where the patch has ended. */
const isPatch: Strip = (line, indent) => {
  const rest = line.slice(indent)
  if (/^(-|@@|\\ No newline|\+\+\+ )/.test(rest)) return null
  return /^[+ ]/.test(rest) ? rest.slice(1) : undefined
}

const isBarred: Strip = (line, indent) => {
  const rest = /^[│┃|](?: (.*))?$/.exec(line.slice(indent))
  return rest ? (rest[1] ?? '').replace(/[ \t]+[│┃|]$/, '') : undefined
}

function runsOf(lines: readonly string[], begins: RegExp, strip: Strip): string[][] {
  const runs: string[][] = []
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    if (!begins.test(line.slice(0, lineStart))) continue
    const indent = line.length - line.trimStart().length
    const run: string[] = []
    for (; at < lines.length && run.length < mostLines; at += 1) {
      const left = strip(lines[at] ?? '', indent)
      if (left === undefined) break
      if (left !== null) run.push(left)
    }
    runs.push(run)
  }
  return runs
}
