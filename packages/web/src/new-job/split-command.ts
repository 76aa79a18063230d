/** A command’s words as a shell splits them: blanks separate, quotes hold together, `\` takes the next character as it is. Null where a quote is not closed. */
export function splitCommand(text: string): string[] | null {
  const words: string[] = []
  let word: string | null = null
  let quote = ''
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (quote === '' && /\s/.test(character)) {
      if (word !== null) words.push(word)
      word = null
    } else if (character === quote) quote = ''
    else if (quote === '' && /["']/.test(character)) {
      quote = character
      word ??= ''
    } else if (character === '\\' && quote !== "'" && i + 1 < text.length) word = (word ?? '') + text[++i]!
    else word = (word ?? '') + character
  }
  if (quote !== '') return null
  return word === null ? words : [...words, word]
}
