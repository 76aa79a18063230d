import type { Language } from '@vitrine/contract/job.ts'
import { isAround } from './borders.ts'
import { languages } from '../languages.ts'
import { proseFrom } from './prose.ts'

/** A fenced block of Markdown, in one of the ways that it can be read. */
export type Block = {
  /** The word behind the fence, in lower case; empty where there is none. */
  tag: string
  code: string
  closed: boolean
  /** 1 and more for a block inside another. */
  depth: number
  /** A less likely end than others. */
  trimmed: boolean
  /** Which block of the answer it is, counted from 0. */
  place: number
  /** The line before, which may tell what it is. */
  before: string
}

type Fence = { line: number; mark: string; tag: string; indent: string }

/**
 * All blocks of a text that can be meant. Models forget to close a fence and put fences into fences, which Markdown
 * (CommonMark 0.31, 4.5) can't tell apart; so each opening fence is read up to each bare fence behind it, and to the end of
 * the text. Where one of them is a program's own, what ends there does not compile.
 */
export function fencedBlocks(text: string, language: Language): Block[] {
  let isOpen = false
  const lines = text.split('\n').flatMap((line) => {
    const own = isOpen ? [line] : ownLines(line, language)
    if (/^[ \t>]*`{3}/.test(line)) isOpen = !isOpen && own.length < 3
    return own
  })
  const fences = lines.flatMap((line, number) => fenceOf(line, number) ?? [])
  const opening = outer(fences)
  const few =
    opening.length <= mostBlocks
      ? opening
      : [...opening.slice(0, mostBlocks / 2), ...opening.slice(-mostBlocks / 2)]
  return few.flatMap((fence, place) => readings({ ...fence, place }, fences, lines, language))
}

/** More blocks than any answer has; beyond them only the first and the last are read. */
const mostBlocks = 24

const fenceLine =
  /^((?:[ \t]|>|[-*+] |\d+[.)] |\*\*|\|\|)*)(`{3,}|~{3,})[ \t]*[{[("]?\.?(?:code-block\} |#!|lang(?:uage)?[-=])?([\w+#.-]*)[^`]*$/
/** A fence that stands behind words. */
const lateFenceLine =
  /^(?!\s*\d+[.:|)])[^`"'=]{0,200}(?:[^`"'=]{0,4}(`{3,})[ \t]*([\w+#.-]+)|[:：>\]][ \t]*(`{3,}))[ \t]*$/

function fenceOf(line: string, number: number): Fence | undefined {
  const [, indent = '', mark, tag = ''] = fenceLine.exec(line.slice(0, 200)) ?? []
  if (mark !== undefined) return { line: number, mark, tag: tag.toLowerCase(), indent }
  const [, tagged, word = '', bare] = line.includes('```') ? (lateFenceLine.exec(line.slice(-240)) ?? []) : []
  const late = tagged ?? bare
  return late === undefined ? undefined : { line: number, mark: late, tag: word.toLowerCase(), indent: '' }
}

/** The lines that are meant where code stands behind a fence in its line, and maybe the closing fence too. */
export function ownLines(line: string, language: Language): string[] {
  const [, opening = '', mark = '', rest = ''] = /^([ \t>]{0,40}(`{3,}))(.+)$/.exec(line) ?? []
  if (rest === '') return [line]
  const [, word = '', behind = ''] = /^([\w+#.-]*)[ \t]+(.*)$/.exec(rest) ?? []
  const isNamed = languages[language].fences.includes(word.toLowerCase())
  const [tag, code] = isNamed ? [word, behind] : ['', rest]
  if (!isCode(code, language)) return [line]
  const closed = code.trimEnd().endsWith(mark)
  return [
    `${opening}${tag}`,
    closed ? code.trimEnd().slice(0, -mark.length) : code,
    ...(closed ? [opening] : []),
  ]
}

/** Code behind a fence, and no title. */
function isCode(text: string, language: Language): boolean {
  const start = text.slice(0, 400)
  const { codeLine, comment } = languages[language]
  return (
    (codeLine.test(start) || comment.test(start) || /^["']{3}/.test(start)) &&
    !/^[\w:.-]+=["'\w{]|^\{/.test(start)
  )
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

/** Longer than any program that a model writes. */
const mostLines = 5000
/** How many ends of a block are tried. */
const mostEnds = 7

function readings(
  fence: Fence & { depth: number; place: number },
  fences: Fence[],
  lines: string[],
  language: Language,
): Block[] {
  const after = fences.filter(({ line, mark }) => line > fence.line && mark[0] === fence.mark[0])
  const closing = after.filter((other) => closes(fence, other) && other.line - fence.line <= mostLines)
  const { tag, place } = fence
  const before = lineBefore(lines, fence.line)
  const read = (code: readonly string[], depth: number, rest?: Partial<Block>): Block => {
    const text = unquoted(code, fence.indent).join('\n')
    return { tag, code: text, closed: true, depth, trimmed: false, place, before, ...rest }
  }
  const inside = (end: number) => lines.slice(fence.line + 1, end)
  const ends = closing.length > mostEnds ? [...closing.slice(0, mostEnds - 1), ...closing.slice(-1)] : closing
  const rest = lines.slice(fence.line + 1, fence.line + 1 + mostLines)
  const restDepth = fence.depth + (closing.length > 0 ? 1.5 : 0)
  const [prose, ...proses] = proseFrom(rest, language)
  const around = rest.findLastIndex((line) => !isAround(line, language)) + 1
  return [
    ...ends.map(({ line }, nth) => read(inside(line), fence.depth + Math.min(nth, 4) / 10)),
    ...closedInLine(rest).map((code) => read(code, fence.depth, { trimmed: true })),
    // The next fence opens another block, and this one was never closed.
    ...after
      .slice(0, 1)
      .flatMap(({ line, tag }) => (tag === '' ? [] : [read(inside(line), fence.depth, { closed: false })])),
    read(rest, restDepth, { closed: false, trimmed: prose !== undefined }),
    ...(prose === undefined ? [] : [read(rest.slice(0, prose), restDepth, { closed: false })]),
    ...[around, ...proses].map((end) =>
      read(rest.slice(0, end), restDepth, { closed: false, trimmed: true }),
    ),
  ]
}

function lineBefore(lines: readonly string[], at: number): string {
  return (
    lines
      .slice(Math.max(0, at - 3), at)
      .findLast((line) => line.trim() !== '')
      ?.slice(0, 300) ?? ''
  )
}

/** Blocks whose closing fence stands behind their last line. */
function closedInLine(lines: readonly string[]): string[][] {
  const ends = lines.flatMap((line, at) => (/[^\s`]\s*(```|~~~)\s*$/.test(line.slice(-200)) ? [at] : []))
  return ends
    .slice(0, 2)
    .map((end) => [...lines.slice(0, end), (lines[end] ?? '').replace(/\s*(```|~~~)\s*$/, '')])
}

/** Takes off the quotation marks and the indentation that stood before the fence. */
function unquoted(lines: readonly string[], indent: string): readonly string[] {
  if (indent === '') return lines
  const quotes = indent.split('>').length - 1
  const prefix = new RegExp(`^(?:[ \\t]{0,3}>[ \\t]?){0,${quotes}}`)
  return quotes === 0 ? lines : lines.map((line) => line.replace(prefix, ''))
}
