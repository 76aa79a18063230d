import type { Language } from '@vitrine/contract/job.ts'
import { fencedBlocks, type Block } from './fences.ts'
import { languages } from './languages.ts'

const mostBytes = 1_000_000
const mostPrograms = 12

/**
 * The programs that an answer may hold, the most plausible first; none where it holds nothing like a program.
 * Deterministic; looks at the first megabyte. A compiler must choose: readings that contradict each other are all listed.
 */
export function extractPrograms(answer: string, language: Language): string[] {
  const text = clean(answer)
  const spoken = withoutThinking(text)
  const readings = [
    ...fencedReadings(spoken, language),
    ...unfencedReadings(spoken, language),
    ...(spoken === text ? [] : fencedReadings(text, language).map((reading) => later(reading, 500))),
  ]
  const best = new Map<string, number>()
  for (const { code, score } of readings) {
    const program = tidy(code)
    if (!isProgram(program, language)) continue
    best.set(program, Math.max(score, best.get(program) ?? -Infinity))
  }
  return [...best]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, mostPrograms)
    .map(([program]) => program)
}

type Reading = { code: string; score: number }

function clean(answer: string): string {
  return answer
    .slice(0, mostBytes)
    .replace(/\r\n?/g, '\n')
    .replace(/[\0\u200b\u200e\u200f\u2060\ufeff]/g, '')
    .replace(/[\u00a0\u202f]/g, ' ')
}

const thoughtTag = '(?:think|thinking|thought|reasoning)'

/** Thinking ends at the last closing tag, with or without an opening one; unclosed, all that follows is thinking. */
function withoutThinking(text: string): string {
  const paired = text.replace(new RegExp(`^[ \\t]*<(${thoughtTag})>[\\s\\S]*?</\\1>`, 'gim'), '')
  const closing = [
    ...paired.matchAll(new RegExp(`^.*</${thoughtTag}>[ \\t]*$|^[ \\t]*</${thoughtTag}>`, 'gim')),
  ].at(-1)
  const spoken = closing ? paired.slice(closing.index + closing[0].length) : paired
  const opening = new RegExp(`^[ \\t]*<${thoughtTag}>`, 'im').exec(spoken)
  return opening ? spoken.slice(0, opening.index) : spoken
}

function fencedReadings(text: string, language: Language): Reading[] {
  const blocks = fencedBlocks(text)
  const readings = blocks.map((block) => ({ code: block.code, score: plausibility(block, language) }))
  const ours = blocks.filter((block) => block.depth === 0 && tagScore(block.tag, language) > 0)
  // A program told in steps, one fence each: only where no single one will do.
  if (ours.length > 1) {
    const score = Math.max(...ours.map((block) => plausibility(block, language))) - 30
    readings.push({ code: ours.map(({ code }) => code.trimEnd()).join('\n\n'), score })
  }
  return readings
}

function plausibility(block: Block, language: Language): number {
  return (
    tagScore(block.tag, language) +
    sizeScore(block.code, language) -
    (block.closed ? 0 : 25) -
    20 * block.depth -
    (block.trimmed ? 5 : 0)
  )
}

function tagScore(tag: string, language: Language): number {
  if (languages[language].fences.includes(tag)) return 100
  if (tag === '' || neutralTags.has(tag)) return 20
  return -100
}

const neutralTags = new Set(['code', 'text', 'txt', 'plaintext', 'program', 'tool_code', 'script', 'source'])

/** How much of it looks like code of the language, and how much there is: whole programs are longer than excerpts. */
function sizeScore(code: string, language: Language): number {
  const { codeLine } = languages[language]
  const lines = code.split('\n').filter((line) => line.trim() !== '')
  const codeLines = lines.filter((line) => codeLine.test(line)).length
  return (lines.length === 0 ? 0 : (20 * codeLines) / lines.length) + 6 * Math.log2(1 + codeLines)
}

/** An answer without fences: all of it, or the longest stretch between lines of prose; other ways of marking code. */
function unfencedReadings(text: string, language: Language): Reading[] {
  const bare = text
    .split('\n')
    .filter((line) => !/^\s*(`{3,}|~{3,})/.test(line))
    .join('\n')
  const marked = markedReadings(text)
  const whole = fencedBlocks(text).length > 0 ? [] : [{ code: bare, score: 0 }, stretch(bare, language)]
  return [
    ...marked,
    ...whole.map((reading) => ({ ...reading, score: sizeScore(reading.code, language) - 60 })),
  ].filter(({ code }) => looksLikeCode(code, language))
}

/** `<code>…</code>`, `[PYTHON]…[/PYTHON]`, a JSON string under "code", inline backticks around all of it, a prompt's `>>>`. */
function markedReadings(text: string): Reading[] {
  const tagged = [...text.matchAll(/<(pre|code|program|script|python|bash|answer)\b[^>]*>([\s\S]*?)<\/\1>/gi)]
  const bracketed = [...text.matchAll(/\[(PYTHON|JAVASCRIPT|BASH|CODE|ANSWER)\]([\s\S]*?)\[\/\1\]/gi)]
  const json = [...text.matchAll(/"(?:code|program|source|content|script)"\s*:\s*("(?:[^"\\]|\\[\s\S])*")/g)]
  const inline = /(?:^|[\s:])`([^`\n]+)`\s*\.?\s*$/.exec(text)
  return [
    ...tagged.flatMap(([, , code = '']) => [
      code,
      code.replace(/<\/?(pre|code)\b[^>]*>/gi, ''),
      unescapeHtml(code),
    ]),
    ...bracketed.map(([, , code = '']) => code),
    ...json.map(([, string = '""']) => parseString(string)),
    ...(inline ? [inline[1] ?? ''] : []),
  ].map((code) => ({ code, score: -20 }))
}

/** From the first line of code to the last, lines of prose at both ends left out. */
function stretch(text: string, language: Language): Reading {
  const { codeLine, comment } = languages[language]
  const lines = text.split('\n')
  const isCode = (line: string) => codeLine.test(line) && !isProse(line)
  const first = lines.findIndex((line) => isCode(line) || (comment.test(line) && !/^#+ /.test(line)))
  const last = lines.findLastIndex((line) => isCode(line) || /^\s+\S|^[)\]}]/.test(line))
  return { code: first < 0 ? '' : lines.slice(first, last + 1).join('\n'), score: 0 }
}

function isProse(line: string): boolean {
  return /^[A-Z][\w’']*( [\w’',-]+){3,}[.:!?]?$/.test(line.trim())
}

function looksLikeCode(code: string, language: Language): boolean {
  const lines = code.split('\n').filter((line) => line.trim() !== '')
  const codeLines = lines.filter((line) => languages[language].codeLine.test(line) && !isProse(line))
  return codeLines.length > 0 && codeLines.length >= lines.length / 4
}

/** A program does something: more than comments, blank lines and lone literals. */
function isProgram(code: string, language: Language): boolean {
  const withoutStrings =
    language === 'python' ? code.replace(/^\s*[rub]*("""|''')[\s\S]*?\1\s*$/gim, '') : code
  return withoutStrings.split('\n').some((line) => {
    const text = line.trim()
    return (
      text !== '' &&
      !languages[language].comment.test(line) &&
      !/^(#!.*|['"][^'"]*['"];?|[\d.]+;?|pass|\.\.\.)$/.test(text)
    )
  })
}

/** Takes off what surrounds code: common indentation, blank lines at the ends, a prompt's or a quotation's marks. */
function tidy(code: string): string {
  const lines = code.split('\n').map((line) => line.trimEnd())
  while (lines[0]?.trim() === '') lines.shift()
  while (lines.at(-1)?.trim() === '') lines.pop()
  const filled = lines.filter((line) => line !== '')
  if (filled.some((line) => line.startsWith('>>> '))) return repl(lines)
  const indent = Math.min(...filled.map((line) => /^\s*/.exec(line)?.[0].length ?? 0))
  return Number.isFinite(indent) ? `${lines.map((line) => line.slice(indent)).join('\n')}\n` : ''
}

/** A transcript of Python's prompt: what was typed, without what was answered. */
function repl(lines: string[]): string {
  const typed = lines.filter((line) => /^\s*(>>>|\.\.\.)( |$)/.test(line))
  return `${typed.map((line) => line.replace(/^\s*(>>>|\.\.\.) ?/, '')).join('\n')}\n`
}

function later(reading: Reading, by: number): Reading {
  return { ...reading, score: reading.score - by }
}

function parseString(literal: string): string {
  try {
    return String(JSON.parse(literal.replace(/\n/g, '\\n').replace(/\t/g, '\\t')))
  } catch {
    return ''
  }
}

function unescapeHtml(text: string): string {
  const entities: Record<string, string> = {
    lt: '<',
    gt: '>',
    quot: '"',
    '#39': "'",
    '#x27': "'",
    apos: "'",
    amp: '&',
  }
  return text
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|quot|#39|#x27|apos|amp);/g, (all, name: string) => entities[name] ?? all)
}
