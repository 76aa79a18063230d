/** The marks that chat templates put around a message, and that models write themselves when they don't stop in time. */
const begins =
  /^\s*(<\|im_start\|>|<\|start_header_id\|>)?(assistant|model)(<\|end_header_id\|>)?:?[ \t]*\n+|^<start_of_turn>model\n/
const ends =
  /<\|(im_end|endoftext|eot_id|end|im_start|end_of_text|eom_id|user|assistant)\|>|<\/?(start|end)_of_turn>|(<\/s>\s*)+$|<eos>/
const marks = /<\|im_start\|>assistant|<\|[a-z_]{1,20}\|>|<\/?(start|end)_of_turn>|(<\/s>[ \t]*)+$/gm
const quoted = /^\s*>(?!>>)/

/**
 * What can be meant as the answer, the likeliest first: the first message where marks of a chat's turns are in it, what is
 * quoted in it, and the text as it came, as a program may hold all these marks itself.
 */
export function messages(text: string): string[] {
  const begun = text.replace(begins, '')
  const end = begun.search(ends)
  const first = end > 0 ? begun.slice(0, end).trimEnd() : begun
  const unmarked = begun.replace(marks, '')
  const lines = unmarked.split('\n')
  const isAllQuoted = lines.every((line) => quoted.test(line) || line.trim() === '')
  const quotations = quotationsIn(lines)
  return [...new Set(isAllQuoted ? [...quotations, first, text] : [first, unmarked, text, ...quotations])]
}

/** Quoted lines without their marks, quotations within them too. */
function quotationsIn(lines: readonly string[]): string[] {
  const inside = lines.filter((line) => quoted.test(line)).map((line) => line.replace(/^\s*> ?/, ''))
  if (inside.length === 0 || inside.length > 5000) return []
  const deeper = inside.filter((line) => quoted.test(line)).map((line) => line.replace(/^\s*> ?/, ''))
  return [inside.join('\n'), ...(deeper.length > 0 ? [deeper.join('\n')] : [])]
}
