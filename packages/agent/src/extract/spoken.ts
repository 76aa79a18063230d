const tags = 'think|thinking|thought|reasoning'
const openingLine = new RegExp(`^[ \\t]*<(${tags})>`, 'i')
const closingLine = new RegExp(`</(?:${tags})>[ \\t]*$|^[ \\t]*</(?:${tags})>`, 'i')

/**
 * What a model said, without what it thought. Thinking stands between tags that begin a line; it ends at the last
 * closing tag where no opening one was sent, and goes on to the end where none closes it.
 */
export function spokenPart(answer: string): string {
  const text = withoutTold(answer)
  const spoken: string[] = []
  let closing: string | undefined
  for (const line of text.split('\n')) {
    let rest = line
    if (closing === undefined) {
      const opened = openingLine.exec(line.slice(0, 200))
      if (!opened) {
        spoken.push(line)
        continue
      }
      closing = `</${(opened[1] ?? '').toLowerCase()}>`
      rest = line.slice(opened[0].length)
    }
    const end = rest.toLowerCase().indexOf(closing)
    if (end < 0) continue
    spoken.push(rest.slice(end + closing.length))
    closing = undefined
  }
  const last = spoken.findLastIndex((line) => line.includes('</') && closingLine.test(line.slice(-400)))
  const [, behind = ''] = (spoken[last] ?? '').split(/<\/\w+>(?!.*<\/\w+>)/)
  return last < 0 ? spoken.join('\n') : [behind, ...spoken.slice(last + 1)].join('\n')
}

/** Some models think in brackets, and Ollama's command line tells where thinking begins and ends. */
function withoutTold(text: string): string {
  const start = text.trimStart()
  for (const [opening, closing] of [
    ['[THINK]', '[/THINK]'],
    ['Thinking...\n', '\n...done thinking.\n'],
  ] as const) {
    const end = start.startsWith(opening) ? start.indexOf(closing) : -1
    if (end >= 0) return start.slice(end + closing.length)
  }
  return text
}
