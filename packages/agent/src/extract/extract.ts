import type { Language } from '@vitrine/contract/job.ts'
import { languages } from '../languages.ts'
import { isAround, isExcerpt, withoutBorders } from './borders.ts'
import { lineStart, textBytes } from './bounds.ts'
import { isEscaped, unescaped } from './entities.ts'
import { fencedBlocks, ownLines, type Block } from './fences.ts'
import { foreignBlocks } from './foreign-blocks.ts'
import { isProgram } from './is-program.ts'
import { isLabel, isUsage, leadsUp } from './labels.ts'
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
  const text = answer.slice(0, mostBytes).replace(/\r+\n|\r/g, '\n')
  const lines = text.includes('\n') ? text : text.replace(/[\u0085\u2028\u2029]/g, '\n')
  return lines
    .replace(/\0/g, '')
    .replace(/^([ \t]*)\uff40{3}/gm, '$1```')
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
  const all = fencedBlocks(text, language).filter(({ code }) => code.length <= programBytes)
  const fenced = all.filter((block) => !isShownAgain(block, all, language))
  const foreign = foreignBlocks(text, language).filter(({ code }) => code.length <= programBytes)
  const readings = [...fenced, ...foreign].flatMap((block) => {
    const score = plausibility(block, language)
    const plain = isEscaped(block.code) ? unescaped(block.code) : block.code
    const plainer = isEscaped(plain) ? unescaped(plain) : plain
    return [block.code, plain, plainer].map((code, times) => ({ code, score: score - 5 * times }))
  })
  const ours = fenced.filter((block) => block.depth === 0 && tagScore(block.tag, language) > 0)
  // A program told in steps, one fence each: only where no single one will do, or where it is said.
  if (ours.length > 1) {
    const isTold =
      ours.filter(({ before }) => stepping.test(before)).length > 1 &&
      !ours.some(({ before }) => correcting.test(before))
    const score = Math.max(...ours.map((block) => plausibility(block, language))) + (isTold ? 3 : -30)
    readings.push({ code: ours.map(({ code }) => code.trimEnd()).join('\n\n'), score })
  }
  return readings
}

/** Lines of a block before, which are explained. */
function isShownAgain(block: Block, all: readonly Block[], language: Language): boolean {
  if (correcting.test(block.before) || block.code.length > textBytes) return false
  return all.some(
    ({ place, closed, code }) =>
      place < block.place && closed && !innerFence.test(code) && isExcerpt(block.code, code, language),
  )
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
    (block.code.trim().split('\n', 9).every(isUsage) ? 40 : 0) +
    (correcting.test(block.before) ? 15 : lesser.test(block.before) ? -45 : 0) -
    (testing.test(block.code) ? 20 : 0) +
    // Of two that are alike the later one is the better.
    Math.min(2, block.place / 4) -
    (block.closed ? 0 : 25) -
    // Bash takes a fence for commands, others do not compile it.
    (!whole && innerFence.test(block.code) ? (language === 'bash' ? 60 : 30) : 0) -
    (whole ? 1 : 20) * block.depth -
    (block.trimmed ? 5 : 0)
  )
}

/** What models say before a program that is better than the one before, before one that is not what was asked for, and before a part. */
const correcting = /\b(corrected|fixed|updated|improved|revised|final|better|complete|full|instead|whole)\b/i
const lesser =
  /\b(tests?|usage|alternative(ly)?|outputs?|original|previous|buggy|wrong|draft|you have|your (file|code))\b/i
const testing = /^(import|from) (unittest|pytest)\b|^describe\(|^@test "/m
const stepping = /\b(step|first(ly)?|next|then|second(ly)?|third(ly)?|finally|last(ly)?|now)\b/i

function tagScore(tag: string, language: Language): number {
  const { fences, extension } = languages[language]
  if (fences.includes(tag.replace(/[\d.]+$/, '')) || tag.endsWith(`.${extension}`)) return 100
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

/** How much of it looks like code of the language, and how much there is: whole programs are longer than excerpts. */
function sizeScore(code: string, language: Language): number {
  const { lines, codeLines } = count(code, language)
  return (lines === 0 ? 0 : (20 * codeLines) / lines) + 6 * Math.log2(1 + codeLines)
}

/** Other ways of marking code, and an answer that is code itself, with prose around it or without. */
function unfencedReadings(text: string, language: Language): Reading[] {
  const isFence = (line: string) => /^\s*(`{3,}|~{3,})/.test(line.slice(0, lineStart))
  const lines = text.split('\n')
  const bare = lines.flatMap((line) => ownLines(line, language)).filter((line) => !isFence(line))
  const beginsFenced = isFence(lines.find((line) => line.trim() !== '') ?? '')
  const whole = beginsFenced || text.length > programBytes ? [] : wholes(lines, isFence, language)
  const untagged = lines.map(withoutTags)
  const { certain, tagged, possible, inline } = markedCodes(text)
  const rated = (codes: string[], less: number) =>
    codes
      .filter(
        (code) => code.length <= programBytes && looksLikeCode(shapes(code, language)[0] ?? '', language),
      )
      .map((code, place) => ({
        code,
        score: sizeScore(code, language) - 2 * place + (holdsFences(code, language) ? holderScore : -less),
      }))
  const spans = rated(inline, 75)
  return [
    ...session(lines, isFence, language),
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
    // Several are told of, or are the lines of one program.
    ...(spans.length === 1 ? spans : []),
    ...rated(whole, 60),
    ...rated([stretch(untagged, language)], 80),
    ...rated(
      [
        stretch(
          untagged.map((line) => withoutLead(line, language)),
          language,
        ),
      ],
      85,
    ),
    ...rated(outside(lines, isFence, language), 65),
    ...(lines.some(isFence) ? rated([stretch(bare, language)], 90) : []),
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
  const found = ends.flatMap((some) => [
    ...(first > 0 ? withoutProse(some.slice(first), language) : []),
    ...withoutProse(some, language),
  ])
  const inner = withoutBorders(lines, language)
  if (inner === undefined) return found
  // Bash takes borders for commands; others don't compile them, and have quotation marks that look like some.
  return language === 'bash' ? [inner, ...found] : [...found, inner]
}

/** What stands outside of all fences, where there are some: beside a program in other marks, they hold something else. */
function outside(lines: string[], isFence: (line: string) => boolean, language: Language): string[] {
  let isOpen = false
  const rest = lines.filter((line) => {
    if (!isFence(line)) return !isOpen
    isOpen = !isOpen
    return false
  })
  if (rest.length === lines.length) return []
  return [withoutBorders(rest, language) ?? '', stretch(rest.map(withoutTags), language)]
}

/** What was typed at Python's prompt, with what it answered between. */
function session(lines: string[], isFence: (line: string) => boolean, language: Language): Reading[] {
  const first = lines.findIndex((line) => /^\s*(>>>|In \[\d+\]:) /.test(line))
  if (language !== 'python' || first < 0) return []
  const last = lines.findLastIndex((line) => /^\s*(>>>|\.\.\.|In \[\d+\]:| +\.\.\.:)( |$)/.test(line))
  // Behind code they are an example in a text of the program's.
  const begins = lines.slice(0, first).every((line) => isFence(line) || isAround(line, language))
  return [{ code: lines.slice(first, last + 1).join('\n'), score: begins ? 140 : -100 }]
}

/** A tag that code begins or ends behind hides that its line is code. */
const withoutTags = (line: string) =>
  line.length > lineStart
    ? line
    : line.replace(/^(\s*<[a-z][^<>]{0,200}>)+(?=\S)/i, '').replace(/(<\/[\w:.-]{1,40}>\s*)+$/, '')

/** Code behind a bullet, a name and a colon, or between stars or backticks, without these. */
function withoutLead(line: string, language: Language): string {
  if (line.length > lineStart) return line
  const [, rest = ''] =
    /^\s*(?:[-*•] |[A-Z][\w ]{0,30}: |\*\*|`{1,2}(?!`))+(.*?)(?:\*\*|`{1,2})?$/.exec(line) ?? []
  return languages[language].codeLine.test(rest) ? rest : line
}

/**
 * From the first line of code to the last, lines of prose at both ends left out. What stands there without a blank line between
 * belongs to it: a program that lacks a line of itself must not be taken for one.
 */
function stretch(lines: string[], language: Language): string {
  const { codeLine } = languages[language]
  const isCode = (line: string) => codeLine.test(line.slice(0, lineStart)) && !isProseLine(line)
  const isOurs = (line: string | undefined) => line !== undefined && !isAround(line, language)
  let first = lines.findIndex(isCode)
  if (first < 0) return ''
  let last = lines.findLastIndex((line) => isCode(line) || /^\s+\S|^[)\]}"']/.test(line))
  while (isOurs(lines[first - 1])) first -= 1
  while (isOurs(lines[last + 1])) last += 1
  return lines.slice(first, last + 1).join('\n')
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
