const tags = 'think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad|plan|planning'
const opening = new RegExp(`^[ \\t]*<(?:${tags})(?: [^<>]{0,100})?>`, 'i')
const closing = new RegExp(`</(?:${tags})>`, 'i')
const closingLine = new RegExp(`</(?:${tags})>[ \\t]*$|^[ \\t]*</(?:${tags})>`, 'i')

/**
 * What a model said, without what it thought. Thinking stands between tags that begin a line; it ends at the last
 * closing tag where no opening one was sent, and goes on to the end where none closes it.
 */
export function spokenPart(text: string): string {
  const spoken: string[] = []
  let thinks = false
  for (const line of text.split('\n')) {
    let rest = line
    if (!thinks) {
      const opened = opening.exec(line.slice(0, 200))
      if (!opened) {
        spoken.push(line)
        continue
      }
      thinks = true
      rest = line.slice(opened[0].length)
    }
    const closed = rest.includes('</') ? closing.exec(rest) : null
    if (!closed) continue
    spoken.push(rest.slice(closed.index + closed[0].length))
    thinks = false
  }
  const last = spoken.findLastIndex((line) => line.includes('</') && closingLine.test(line.slice(-400)))
  const [, behind = ''] = (spoken[last] ?? '').split(/<\/\w+>(?!.*<\/\w+>)/)
  return last < 0 ? spoken.join('\n') : [behind, ...spoken.slice(last + 1)].join('\n')
}
