/** A fenced block of Markdown, in one of the ways that it can be read. */
export type Block = {
  /** The word behind the fence, in lower case; empty where there is none. */
  tag: string
  code: string
  closed: boolean
  /** 1 and more for a block inside another. */
  depth: number
  /** Lines behind an unclosed block's code that read like prose were left out. */
  trimmed: boolean
}

type Fence = { line: number; mark: string; tag: string; indent: string }

/**
 * All blocks of a text that can be meant. Models forget to close a fence and put fences into fences, which Markdown
 * (CommonMark 0.31, 4.5) can't tell apart; so each opening fence is read up to the next bare fence, up to its own end when
 * inner fences are counted, up to the last fence, and to the end of the text.
 */
export function fencedBlocks(text: string): Block[] {
  const lines = text.split('\n')
  const fences = lines.flatMap((line, number) => fenceOf(line, number) ?? [])
  const opening = outer(fences)
  const few =
    opening.length <= mostBlocks
      ? opening
      : [...opening.slice(0, mostBlocks / 2), ...opening.slice(-mostBlocks / 2)]
  return few.flatMap((fence) => readings(fence, fences, lines))
}

/** More blocks than any answer has; beyond them only the first and the last are read. */
const mostBlocks = 24
/** A block of more lines is no program of a small model. */
const mostLines = 5000

const fenceLine = /^((?:[ \t]|>|[-*+] |\d+[.)] )*)(`{3,}|~{3,})[ \t]*\{?\.?([\w+#.-]*)[^`]*$/

function fenceOf(line: string, number: number): Fence | undefined {
  const [, indent = '', mark, tag = ''] = fenceLine.exec(line.slice(0, 200)) ?? []
  return mark === undefined ? undefined : { line: number, mark, tag: tag.toLowerCase(), indent }
}

/** The fences that may open a block: those with a word behind, and bare ones that close nothing. */
function outer(fences: Fence[]): (Fence & { depth: number })[] {
  const opening: (Fence & { depth: number })[] = []
  let open: Fence | undefined
  for (const fence of fences) {
    if (open && closes(open, fence)) open = undefined
    else {
      opening.push({ ...fence, depth: open && !transparent.has(open.tag) ? 1 : 0 })
      if (!open || fence.tag !== '') open = fence
    }
  }
  return opening
}

/** A block of these holds text that may hold the real block. */
const transparent = new Set(['markdown', 'md', ''])

function closes(open: Fence, fence: Fence): boolean {
  return fence.tag === '' && fence.mark[0] === open.mark[0] && fence.mark.length >= open.mark.length
}

function readings(fence: Fence & { depth: number }, fences: Fence[], lines: string[]): Block[] {
  const after = fences.filter(({ line, mark }) => line > fence.line && mark[0] === fence.mark[0])
  const closing = after.filter((other) => closes(fence, other))
  const block = (end: number, { depth, closed }: { depth: number; closed: boolean }): Block => {
    const code = unquoted(lines.slice(fence.line + 1, end), fence.indent).join('\n')
    return { tag: fence.tag, code, closed, depth, trimmed: false }
  }
  const ends = (some: Fence[], depth: number, closed = true) =>
    some.map(({ line }) => ({ end: line, depth, closed }))
  const found = [
    ...ends(closing.slice(0, 1), fence.depth),
    ...ends(
      after.slice(0, 1).filter(({ tag }) => tag !== ''),
      fence.depth,
      false,
    ),
    ...ends(counted(fence, after), fence.depth + 0.5),
    ...ends(closing.slice(-1), fence.depth + 1),
  ]
  const from = fence.line + 1
  const near = found.filter(({ end }) => end - from <= mostLines).map(({ end, ...rest }) => block(end, rest))
  if (lines.length - from > mostLines) return near
  const rest = unquoted(lines.slice(from), fence.indent)
  const depth = fence.depth + (closing.length > 0 ? 1.5 : 0)
  const unclosed = { tag: fence.tag, closed: false, depth }
  return [
    ...near,
    { ...unclosed, code: rest.join('\n'), trimmed: false },
    { ...unclosed, code: rest.slice(0, proseFrom(rest)).join('\n'), trimmed: true },
  ]
}

/** The fence that closes this one when each inner opening takes a closing one for itself. */
function counted(fence: Fence, after: Fence[]): Fence[] {
  let inside = 0
  for (const other of after) {
    if (other.tag !== '') inside += 1
    else if (inside > 0) inside -= 1
    else return closes(fence, other) ? [other] : []
  }
  return []
}

/** The first line of prose behind code, after a blank line and not indented: where an unclosed block ends. */
function proseFrom(lines: string[]): number {
  const index = lines.findIndex(
    (line, at) =>
      at > 0 &&
      lines[at - 1]?.trim() === '' &&
      /^(\*\*|#{2,} |[-*] )?[A-Z][\w’'`]*[ ,]([^=(){};]|\([^)]* [^)]*\)){8,}[.:!?*]*$/.test(
        line.slice(0, 200),
      ),
  )
  return index < 0 ? lines.length : index
}

/** Takes off the quotation marks and the indentation that stood before the fence. */
function unquoted(lines: string[], indent: string): string[] {
  if (indent === '') return lines
  const quotes = indent.split('>').length - 1
  const prefix = new RegExp(`^(?:[ \\t]{0,3}>[ \\t]?){0,${quotes}}`)
  return quotes === 0 ? lines : lines.map((line) => line.replace(prefix, ''))
}
