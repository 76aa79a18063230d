/** What is looked at of a text's end: more than any table of one value that a small program holds. */
const tail = 2000
const turns = 16

/** Whether a text ends in the same few words over and over, which a model that has begun with it does until its room is used up. */
export function goesRound(text: string): boolean {
  return text.length >= tail && period(text.slice(-tail)) <= tail / turns
}

/** The length of what a text repeats up to its end, by its longest border (Knuth, Morris and Pratt). */
function period(text: string): number {
  const borders = new Uint16Array(text.length)
  let border = 0
  for (let at = 1; at < text.length; at++) {
    while (border > 0 && text[at] !== text[border]) border = borders[border - 1] ?? 0
    if (text[at] === text[border]) border++
    borders[at] = border
  }
  return text.length - border
}
