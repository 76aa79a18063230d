/**
 * Makes text that came from a job safe to print on a terminal: control characters (and with them every CSI and OSC
 * sequence, carriage returns included), bidirectional marks and line separators are shown instead of obeyed. Newlines
 * and tabs stay. Works on any piece of a text, so streams can be passed through it.
 */
export function harmless(text: string): string {
  return text.toWellFormed().replaceAll('\r\n', '\n').replace(dangerous, shown)
}

/** The same, on one line. */
export function oneLine(text: string): string {
  return harmless(text.trim().replace(/\s+/g, ' '))
}

/** JSON, with what a terminal could obey written as `\u` escapes: the same value for whoever parses it. */
export function harmlessJson(value: unknown, space?: number): string {
  return JSON.stringify(value, null, space).replace(
    dangerous,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

// C0 without tab and newline, DEL, C1; marks that reorder text (UAX #9); line and paragraph separators.
// oxlint-disable-next-line no-control-regex
const dangerous = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

function shown(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '␡'
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}
