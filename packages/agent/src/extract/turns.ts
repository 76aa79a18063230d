import { withoutPrefix } from './prefixed.ts'
import { isSaid } from './prose.ts'

/** Words that stand for themselves in a model's vocabulary: marks of chats' templates, which models write when they don't stop in time. */
const token =
  /<\|\/?[a-z_]{1,30}\|>|<｜[^<>｜\n]{1,40}｜>|<\/?(?:start|end)_of_turn>|<(?:pad|bos|eos|unk|file_sep|fim_\w{1,10})>|\[\/?(?:INST|SEP|CLS)\]|(?:<\/s>[ \t]*)+$/gm
const begins =
  /^\s*(<\|im_start\|>|<\|start_header_id\|>)?(assistant|model)(<\|end_header_id\|>)?:?[ \t]*\n+|^<start_of_turn>model\n/
/** What a model writes where its own message has ended: a token, or the name of who speaks next. */
const ends =
  /^(?:<\|(?:im_end|endoftext|eot_id|end|im_start|end_of_text|eom_id|user|assistant|return|call|fim_suffix|fim_middle)\|>|<\/?(?:start|end)_of_turn>|<\/s>|<eos>|<pad>|<fim_(?:suffix|middle)>|<｜(?:end▁of▁sentence|User)｜>)/
const nextSpeaker = /\n\n(?:### (?:Instruction|Human|User|Input|Question)|User|Human|Question):/
const quoted = /^\s*>(?!>>)/

/** `less` is how much less likely than the first it is, in the measure of readings. */
type Message = { text: string; less: number }

/**
 * What can be meant as the answer, the likeliest first: the first message where marks of a chat's turns are in it, what is
 * quoted in it, and the text as it came, as a program may hold all these marks itself.
 */
export function messages(text: string): Message[] {
  const begun = withoutFirstTokens(lastChannel(withoutTold(text)))
  const first = firstMessage(begun)
  const unmarked = begun.replace(token, (mark, at: number) => (isInText(begun, at, mark.length) ? mark : ''))
  const lines = unmarked.split('\n')
  const isAllQuoted = lines.every((line) => quoted.test(line) || line.trim() === '')
  const quotations = quotationsIn(lines)
  const likely = isAllQuoted
    ? [...quotations, first, text]
    : [...withoutPrefix(unmarked), first, text, unmarked, ...quotations]
  const distinct = [...new Set(likely)]
  return [...distinct.map((text, place) => ({ text, less: 20 * place })), ...unescapedMarks(begun)]
}

function withoutFirstTokens(text: string): string {
  const start = /^(\s*(<\|[a-z_]{1,30}\|>|<｜[^<>｜\n]{1,40}｜>|<(s|pad|bos|fim_prefix|file_sep)>))+/.exec(
    text.replace(begins, ''),
  )
  return text.replace(begins, '').slice(start?.[0].length ?? 0)
}

function firstMessage(text: string): string {
  const next = text.search(nextSpeaker)
  const end = [...text.matchAll(token)].find(
    ({ 0: mark, index }) => index > 0 && ends.test(mark) && !isInText(text, index, mark.length),
  )?.index
  const stop = Math.min(end ?? Infinity, next < 0 ? Infinity : next)
  return stop === Infinity ? text : text.slice(0, stop).replace(/(\s*<\/s>)*\s*$/, '')
}

/** Whether a mark stands in a text of a program: behind an open quotation mark, and not at the line's end. */
function isInText(text: string, at: number, length: number): boolean {
  if (/^\s*[{"]/.test(text.slice(0, 100)) && /[}"]/.test(text.slice(at + length))) return true
  const line = text.slice(Math.max(text.lastIndexOf('\n', at) + 1, at - 400), at)
  const behind = text.slice(at + length, at + length + 40)
  if (/["']$/.test(line) && /^["'\\]/.test(behind)) return true
  const quotes = line.replace(/`{3,}/g, '').match(/["'`]/g)?.length ?? 0
  return quotes % 2 === 1 && !/^\s*(\n|<|$)/.test(behind)
}

/** Some models think between other marks than tags, and Ollama's command line tells where thinking begins and ends. */
function withoutTold(text: string): string {
  const start = text.trimStart()
  for (const [opening, closing] of [
    ['[THINK]', '[/THINK]'],
    ['Thinking...\n', '\n...done thinking.\n'],
    ['◁think▷', '◁/think▷'],
    ['<seed:think>', '</seed:think>'],
    ['<|begin_of_thought|>', '<|end_of_thought|>'],
    ['<|channel>thought', '<channel|>'],
    ['<unused94>thought', '<unused95>'],
  ] as const) {
    const end = start.startsWith(opening) ? start.indexOf(closing) : -1
    if (end >= 0) return start.slice(end + closing.length)
  }
  return text
}

/** What is said on the last channel, in chats that have some for thinking and for calls. */
function lastChannel(text: string): string {
  const mark = '<|message|>'
  const at = text.includes('<|channel|>') ? text.lastIndexOf(mark) : -1
  return at < 0 ? text : text.slice(at + mark.length)
}

/** The answer of a model that wrote it as a text within another one: with escaped fences, or with all line ends as `\\n`. */
function unescapedMarks(text: string): Message[] {
  const fence = text.indexOf('\\`\\`\\`')
  if (fence >= 0) {
    // Behind code they are the program's own.
    const before = text.slice(0, fence).split('\n')
    const isOuter = before.every((line) => line.trim() === '' || isSaid(line))
    return [{ text: text.replaceAll('\\`', '`'), less: isOuter ? 1 : 300 }]
  }
  const [, inside = text] = /^'([^]*)'$/.exec(text.trim()) ?? []
  if (/\n|^[{["]/.test(inside.trim()) || (inside === text && !text.includes(String.raw`\n`))) return []
  const escapes: Record<string, string> = { n: '\n', t: '\t' }
  return [{ text: inside.replace(/\\([nt"'`\\])/g, (_, sign: string) => escapes[sign] ?? sign), less: 1 }]
}

/** Quoted lines without their marks, quotations within them too. */
function quotationsIn(lines: readonly string[]): string[] {
  const inside = lines.filter((line) => quoted.test(line)).map((line) => line.replace(/^\s*> ?/, ''))
  if (inside.length === 0 || inside.length > 5000) return []
  const deeper = inside.filter((line) => quoted.test(line)).map((line) => line.replace(/^\s*> ?/, ''))
  return [inside.join('\n'), ...(deeper.length > 0 ? [deeper.join('\n')] : [])]
}
