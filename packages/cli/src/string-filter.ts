const [escape, bell, backslash, lead] = [0x1b, 0x07, 0x5c, 0xc2]
/** ESC and one of these begins a control string: DCS, SOS, OSC, PM, APC (ECMA-48, 8.3). */
const openings = new Set(['P', 'X', ']', '^', '_'].map((sign) => sign.charCodeAt(0)))
/** The same as single characters, U+0090 to U+009F, after their first byte in UTF-8; U+009C ends them. */
const longOpenings = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f])
const longEnd = 0x9c

/**
 * Takes control strings out of a terminal's output, over the borders of its pieces: by them a program in a sandbox could
 * set the user's clipboard (OSC 52), the window's title, or keys. Colours, the cursor and the rest of what full-screen programs
 * need pass as they are.
 */
export function stringFilter(): (piece: Uint8Array) => Uint8Array {
  let isInside = false
  let before: number | undefined
  const take = (byte: number, passed: number[]) => {
    const held = before
    before = undefined
    if (isInside) {
      const isEnd = byte === bell || (held === escape && byte === backslash)
      if (isEnd || (held === lead && byte === longEnd)) isInside = false
      else if (byte === escape || byte === lead) before = byte
      return
    }
    const opens = held === escape ? openings : held === lead ? longOpenings : undefined
    if (opens?.has(byte)) {
      isInside = true
      return
    }
    if (held !== undefined) passed.push(held)
    if (byte === escape || byte === lead) before = byte
    else passed.push(byte)
  }
  return (piece) => {
    const passed: number[] = []
    for (const byte of piece) take(byte, passed)
    return Uint8Array.from(passed)
  }
}
