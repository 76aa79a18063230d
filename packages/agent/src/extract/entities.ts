const tag = /<\/?(code|pre|span|div|br|em|strong|a|b|i|font)\b[^<>]{0,200}>/g
const names: Record<string, string> = {
  lt: '<',
  gt: '>',
  quot: '"',
  '#34': '"',
  '#39': "'",
  '#x27': "'",
  '#x2f': '/',
  apos: "'",
  nbsp: ' ',
  amp: '&',
}

/** Whether it is text of HTML, where no `<` and no `&` stands for itself. */
export function isEscaped(code: string): boolean {
  const plain = code.replace(tag, '')
  return (plain !== code || /&#?\w+;/.test(plain)) && !/<|&(?!#?\w{1,6};)/.test(plain)
}

/** Without HTML's tags, and each sign written as itself. */
export function unescaped(text: string): string {
  return text
    .replace(/<br ?\/?>\n?/g, '\n')
    .replace(tag, '')
    .replace(/&(#?\w{1,6});/gi, (all, name: string) => names[name.toLowerCase()] ?? all)
}
