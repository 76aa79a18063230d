/** X keysyms by name (X11/keysymdef.h), with the short names that people use for them. */
const named: Record<string, number> = {
  BackSpace: 0xff08,
  Tab: 0xff09,
  Return: 0xff0d,
  Enter: 0xff0d,
  Escape: 0xff1b,
  Delete: 0xffff,
  Insert: 0xff63,
  Home: 0xff50,
  Left: 0xff51,
  Up: 0xff52,
  Right: 0xff53,
  Down: 0xff54,
  PageUp: 0xff55,
  PageDown: 0xff56,
  End: 0xff57,
  Space: 0x20,
  Shift: 0xffe1,
  Control: 0xffe3,
  Alt: 0xffe9,
  Super: 0xffeb,
  ...Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`F${index + 1}`, 0xffbe + index])),
}

/** The names that `keysymOf` knows besides single characters. */
export const keyNames: readonly string[] = Object.keys(named)

/** The keysym of a key’s name or of one character; null for anything else. */
export function keysymOf(key: string): number | null {
  if (Object.hasOwn(named, key)) return named[key]!
  const [character, ...more] = key
  return character !== undefined && more.length === 0 ? keysymOfCharacter(character) : null
}

/** Latin-1 is its own keysym, other characters are 0x01000000 above their code point (X11 protocol, appendix A). */
export function keysymOfCharacter(character: string): number {
  if (character === '\n' || character === '\r') return named['Return']!
  if (character === '\t') return named['Tab']!
  const code = character.codePointAt(0)!
  const isLatin1 = (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xff)
  return isLatin1 ? code : 0x01000000 + code
}
