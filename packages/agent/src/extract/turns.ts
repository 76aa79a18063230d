import { isSaid } from './prose.ts'

/** The marks that chat templates put around a message, and that models write themselves when they don't stop in time. */
const begins =
  /^\s*(<\|im_start\|>|<\|start_header_id\|>)?(assistant|model)(<\|end_header_id\|>)?:?[ \t]*\n+|^<start_of_turn>model\n/
const ends =
  /<\|(im_end|endoftext|eot_id|end|im_start|end_of_text|eom_id|user|assistant)\|>|<\/?(start|end)_of_turn>|(<\/s>\s*)+$|<eos>/
const marks = /<\|im_start\|>assistant|<\|[a-z_]{1,20}\|>|<\/?(start|end)_of_turn>|(<\/s>[ \t]*)+$/gm
const quoted = /^\s*>(?!>>)/

/** `less` is how much less likely than the first it is, in the measure of readings. */
type Message = { text: string; less: number }

/**
 * What can be meant as the answer, the likeliest first: the first message where marks of a chat's turns are in it, what is
 * quoted in it, and the text as it came, as a program may hold all these marks itself.
 */
export function messages(text: string): Message[] {
  const begun = lastChannel(text).replace(begins, '')
  const end = begun.search(ends)
  const first = end > 0 ? begun.slice(0, end).replace(/(\s*<\/s>)*\s*$/, '') : begun
  const unmarked = begun.replace(marks, '')
  const lines = unmarked.split('\n')
  const isAllQuoted = lines.every((line) => quoted.test(line) || line.trim() === '')
  const quotations = quotationsIn(lines)
  const likely = isAllQuoted ? [...quotations, first, text] : [first, unmarked, text, ...quotations]
  return [...[...new Set(likely)].map((text, place) => ({ text, less: place })), ...unescapedMarks(begun)]
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
  if (/\n|^[{["]/.test(text.trim()) || !text.includes(String.raw`\n`)) return []
  const escapes: Record<string, string> = { n: '\n', t: '\t' }
  return [{ text: text.replace(/\\([nt"'`\\])/g, (_, sign: string) => escapes[sign] ?? sign), less: 1 }]
}

/** Quoted lines without their marks, quotations within them too. */
function quotationsIn(lines: readonly string[]): string[] {
  const inside = lines.filter((line) => quoted.test(line)).map((line) => line.replace(/^\s*> ?/, ''))
  if (inside.length === 0 || inside.length > 5000) return []
  const deeper = inside.filter((line) => quoted.test(line)).map((line) => line.replace(/^\s*> ?/, ''))
  return [inside.join('\n'), ...(deeper.length > 0 ? [deeper.join('\n')] : [])]
}
