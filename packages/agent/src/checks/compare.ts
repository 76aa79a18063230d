/** What is wrong with what was printed; empty where it is what was expected. */
export function compare(
  { stdout, whitespace }: { stdout: string; whitespace: 'exact' | 'normalized' },
  printed: string,
): string {
  const normal = (text: string) =>
    text
      .split('\n')
      .map((line) => line.trim().replace(/\s+/g, ' '))
      .join('\n')
      .trim()
  const fold = whitespace === 'exact' ? (text: string) => text : normal
  if (fold(stdout) === fold(printed)) return ''
  const clip = (text: string) => (text.length > 600 ? `${text.slice(0, 600)}…` : text)
  return `It should print (${whitespace === 'exact' ? 'exactly' : 'apart from blanks'}):\n${clip(stdout)}\nBut it printed:\n${clip(printed)}`
}
