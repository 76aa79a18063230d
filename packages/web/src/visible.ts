/** Control characters but for tab and line feed, marks that change the direction of text, and those without a width. */
const hidden = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/** Text that a model or a program made, with what would be obeyed or not be seen shown as its code: `‹U+202E›`. */
export function visible(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(
      hidden,
      (character) => `‹U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}›`,
    )
}
