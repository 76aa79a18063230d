import type { Language } from '@vitrine/contract/job.ts'
import { isEscaped, unescaped } from './entities.ts'
import { fencedBlocks, type Block } from './fences.ts'
import { foreignBlocks } from './foreign-blocks.ts'
import { isLabel, leadsUp } from './labels.ts'
import { languages } from '../languages.ts'
import { markedCodes } from './marked.ts'
import { indentedRuns, prefixedRuns } from './prefixed.ts'
import { isProseLine, withoutProse } from './prose.ts'
import { spokenPart } from './spoken.ts'
import { shapes } from './tidy.ts'
import { messages } from './turns.ts'

const mostBytes = 1_000_000
const mostPrograms = 16
/** No program that a small model writes is longer. */
const programBytes = 200_000
/** Of all readings together; answers of a few kilobytes don't come near. */
const mostLooked = 1_000_000
/** In longer code texts are not looked for: that may need the square of its length. */
const textBytes = 20_000
/** What is looked at of a line: some expressions below need the square of a line's length. */
const lineStart = 400

/**
 * The programs that an answer may hold, the most plausible first; none where it holds nothing like a program.
 * Deterministic; looks at the first megabyte. A compiler must choose: readings that contradict each other are all listed,
 * and of a program that holds fences itself those that end too early come first, as they do not compile.
 */
export function extractPrograms(answer: string, language: Language): string[] {
  const best = new Map<string, number>()
  let looked = 0
  for (const { text, less } of messages(clean(answer))) {
    for (const { code, score } of readings(text, language)) {
      looked += code.length
      if (looked > mostLooked) break
      for (const [place, program] of shapes(code, language).entries()) {
        if (!isProgram(program, language)) continue
        best.set(program, Math.max(score - 8 * place - less, best.get(program) ?? -Infinity))
      }
    }
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
    .replace(/\r+\n|\r/g, '\n')
    .replace(/\0/g, '')
    .replace(/^[ \t>\ufeff\u200b\u2060]+/gm, (start) => start.replace(/[\ufeff\u200b\u2060]+/g, ''))
}

function readings(text: string, language: Language): Reading[] {
  const spoken = spokenPart(text)
  return [
    ...fencedReadings(spoken, language),
    ...unfencedReadings(spoken, language),
    ...(spoken === text ? [] : thoughtReadings(text, language)),
  ]
}

function fencedReadings(text: string, language: Language): Reading[] {
  const fenced = fencedBlocks(text).filter(({ code }) => code.length <= programBytes)
  const foreign = foreignBlocks(text, language).filter(({ code }) => code.length <= programBytes)
  const readings = [...fenced, ...foreign].flatMap((block) => {
    const score = plausibility(block, language)
    const plain = isEscaped(block.code) ? [{ code: unescaped(block.code), score: score - 5 }] : []
    return [{ code: block.code, score }, ...plain]
  })
  const ours = fenced.filter((block) => block.depth === 0 && tagScore(block.tag, language) > 0)
  // A program told in steps, one fence each: only where no single one will do.
  if (ours.length > 1) {
    const score = Math.max(...ours.map((block) => plausibility(block, language))) - 30
    readings.push({ code: ours.map(({ code }) => code.trimEnd()).join('\n\n'), score })
  }
  return readings
}

/** A program may hold a thinking tag itself: then what was taken for thinking is read after all, behind the rest. */
function thoughtReadings(text: string, language: Language): Reading[] {
  return [...fencedReadings(text, language), ...unfencedReadings(text, language)]
    .filter(({ code }) => looksLikeCode(code, language))
    .map(({ code, score }) => ({ code, score: score - 500 }))
}

function plausibility(block: Block, language: Language): number {
  const tag = tagScore(block.tag, language)
  const whole = tag > 0 && holdsFences(block.code, language)
  return (
    (whole ? holderScore : tag) -
    // What a program prints, or needs, or what stands behind a fence that closes nothing.
    (tag <= 20 && !looksLikeCode(shapes(block.code, language)[0] ?? '', language) ? 50 : 0) +
    sizeScore(block.code, language) -
    (isUsage(block.code) ? 40 : 0) +
    (block.isCorrected ? 15 : 0) +
    // Of two that are alike the later one is the better.
    Math.min(2, block.place / 4) -
    (block.closed ? 0 : 25) -
    // Bash takes a fence for commands.
    (language === 'bash' && !whole && innerFence.test(block.code) ? 60 : 0) -
    (whole ? 1 : 20) * block.depth -
    (block.trimmed ? 5 : 0)
  )
}

function tagScore(tag: string, language: Language): number {
  if (languages[language].fences.includes(tag)) return 100
  if (tag === '' || neutralTags.has(tag)) return 20
  return -100
}

const neutralTags = new Set(['code', 'text', 'txt', 'plaintext', 'program', 'tool_code', 'script', 'source'])

const innerFence = /^[ \t*>]{0,40}(`{3}|~{3})/m
/** More than any block can have that stands within. */
const holderScore = 130

/** Whether all fences in it stand in texts that begin and end in it: then they are the program's own, and it is whole. */
function holdsFences(code: string, language: Language): boolean {
  return (
    code.length <= textBytes &&
    innerFence.test(code) &&
    !innerFence.test(code.replace(languages[language].text, '""'))
  )
}

/** How a program is installed and started, or what it needs, and no program. */
function isUsage(code: string): boolean {
  const lines = code.trim().split('\n', 9)
  return lines.every((line) =>
    /^\s*[\w.-]+[=~>]=[\d.]+\s*$|^\s*([$#] )?(sudo )?(python3?|node|bash|sh|chmod|pip3?|npm|apt(-get)?|cd|source|\.\/[\w.]+)( [\w./+=-]+)*$/.test(
      line.slice(0, lineStart),
    ),
  )
}

/** How much of it looks like code of the language, and how much there is: whole programs are longer than excerpts. */
function sizeScore(code: string, language: Language): number {
  const { lines, codeLines } = count(code, language)
  return (lines === 0 ? 0 : (20 * codeLines) / lines) + 6 * Math.log2(1 + codeLines)
}

/** Other ways of marking code, and an answer that is code itself, with prose around it or without. */
function unfencedReadings(text: string, language: Language): Reading[] {
  const isFence = (line: string) => /^\s*(`{3,}|~{3,})/.test(line.slice(0, lineStart))
  const lines = text.split('\n')
  const bare = lines.filter((line) => !isFence(line))
  const beginsFenced = isFence(lines.find((line) => line.trim() !== '') ?? '')
  const whole = beginsFenced || text.length > programBytes ? [] : wholes(lines, isFence, language)
  const { certain, tagged, possible } = markedCodes(text)
  const rated = (codes: string[], less: number) =>
    codes
      .filter((code) => code.length <= programBytes && looksLikeCode(code, language))
      .map((code, place) => ({
        code,
        score: sizeScore(code, language) - 2 * place + (holdsFences(code, language) ? holderScore : -less),
      }))
  return [
    ...session(lines, language),
    ...certain
      .filter((code) => code.length <= programBytes)
      .flatMap((code) => {
        const whole = { code, score: sizeScore(code, language) + 150 }
        if (holdsFences(code, language)) return [whole]
        return [
          whole,
          ...fencedReadings(code, language).map((inner) => ({ ...inner, score: inner.score + 90 })),
        ]
      }),
    ...rated(tagged, 10),
    ...rated(prefixedRuns(text), 40),
    ...rated(indentedRuns(text), 40),
    ...rated(possible, 70),
    ...rated(whole, 60),
    ...rated([stretch(lines.map(withoutTags), language)], 80),
    ...(bare.length === lines.length ? [] : rated([stretch(bare, language)], 90)),
  ]
}

/** All of it, without what leads up to it, and up to a last fence that nothing opened. */
function wholes(lines: string[], isFence: (line: string) => boolean, language: Language): string[] {
  const first = lines.findIndex(
    (line) => line.trim() !== '' && !isLabel(line, language) && !leadsUp(line, language),
  )
  const isOdd = lines.filter(isFence).length % 2 === 1
  const last = isOdd ? lines.findLastIndex(isFence) : -1
  const ends = last < 0 ? [lines] : [lines.slice(0, last), lines]
  return ends.flatMap((some) => [
    ...(first > 0 ? withoutProse(some.slice(first), language) : []),
    ...withoutProse(some, language),
  ])
}

/** What was typed at Python's prompt, with what it answered between. */
function session(lines: string[], language: Language): Reading[] {
  const first = lines.findIndex((line) => /^\s*(>>>|In \[\d+\]:) /.test(line))
  if (language !== 'python' || first < 0) return []
  const last = lines.findLastIndex((line) => /^\s*(>>>|\.\.\.|In \[\d+\]:| +\.\.\.:)( |$)/.test(line))
  const begins = /^\s*(.*:)?\s*$/.test(lines[first - 1]?.slice(-lineStart) ?? '')
  return [{ code: lines.slice(first, last + 1).join('\n'), score: begins ? 140 : -100 }]
}

/** A tag that code begins or ends behind hides that its line is code. */
const withoutTags = (line: string) =>
  line.length > lineStart
    ? line
    : line.replace(/^(\s*<[a-z][^<>]{0,200}>)+(?=\S)/i, '').replace(/(<\/[\w:.-]{1,40}>\s*)+$/, '')

/** From the first line of code to the last, lines of prose at both ends left out. */
function stretch(lines: string[], language: Language): string {
  const { codeLine, comment } = languages[language]
  const isCode = (line: string) => codeLine.test(line.slice(0, lineStart)) && !isProseLine(line)
  let first = lines.findIndex(isCode)
  while (first > 0 && comment.test(lines[first - 1] ?? '')) first -= 1
  const last = lines.findLastIndex((line) => isCode(line) || /^\s+\S|^[)\]}"']/.test(line))
  return first < 0 ? '' : lines.slice(first, last + 1).join('\n')
}

function looksLikeCode(code: string, language: Language): boolean {
  const { lines, codeLines } = count(code, language)
  return codeLines > 0 && codeLines >= lines / 5
}

/** Comments and texts count as little as blank lines. */
function count(code: string, language: Language): { lines: number; codeLines: number } {
  const { codeLine, comment, text } = languages[language]
  const bare = code.length > textBytes ? code : code.replace(text, '""')
  const lines = bare
    .split('\n')
    .filter((line) => line.trim() !== '' && !comment.test(line.slice(0, lineStart)))
  const codeLines = lines.filter(
    (line) => codeLine.test(line.slice(0, lineStart)) && !isProseLine(line),
  ).length
  return { lines: lines.length, codeLines }
}

/** A program does something: more than comments, blank lines and lone literals. */
function isProgram(code: string, language: Language): boolean {
  let quotes: string | undefined
  return code.split('\n').some((line) => {
    const text = line.trim().slice(0, lineStart)
    if (quotes !== undefined) {
      if (text.includes(quotes)) quotes = undefined
      return false
    }
    const docstring = language === 'python' ? /^[rub]{0,2}("""|''')(.*)$/i.exec(text) : null
    if (docstring) {
      if (!docstring[2]?.includes(docstring[1] ?? '')) quotes = docstring[1]
      return false
    }
    const isLiteral = /^(#!.*|[`~]{3,}.*|['"][^'"]*['"];?|[\d.]+;?|pass|\.\.\.)$/.test(text)
    return text !== '' && !languages[language].comment.test(text) && !isLiteral
  })
}
