type State = 'text' | 'escape' | 'sequence' | 'string' | 'string-escape'

/** A control string that nothing ends hides no more than this. */
const longestString = 4096

/**
 * Makes plain text of the bytes that a program prints to a terminal, chunk by chunk, wherever they were cut. Escape sequences
 * (ECMA-48: colours, cursor movement, titles, the clipboard) go; a backspace takes the character before it back where it came in the same
 * chunk, and a carriage return within a line begins a new one. Other control characters stay as they are: who shows the text makes them visible.
 */
export function createPlainText(): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder()
  let state: State = 'text'
  let stringLength = 0
  let isReturned = false
  let column = 0

  function take(text: string, character: string): string {
    if (character === '\r') {
      isReturned = true
      return text
    }
    const isBegun = isReturned && column > 0 && character !== '\n'
    isReturned = false
    if (isBegun) column = 0
    const begun = isBegun ? `${text}\n` : text
    if (character === '\n') column = 0
    else if (character === '\b') {
      column = Math.max(0, column - 1)
      return begun.endsWith('\n') ? begun : begun.slice(0, -1)
    } else column += 1
    return begun + character
  }

  return (bytes) => {
    let text = ''
    for (const character of decoder.decode(bytes, { stream: true })) {
      if (state === 'string') stringLength += 1
      const was = state
      state = next(state, character, stringLength)
      if (state === 'string' && was !== 'string' && was !== 'string-escape') stringLength = 0
      if (was === 'text' && state === 'text' && !dropped.has(character)) text = take(text, character)
    }
    return text
  }
}

/** The bell, and what fills time on terminals of old. */
const dropped = new Set(['\0', '\x07'])

function next(state: State, character: string, stringLength: number): State {
  // These break off whatever was begun (ECMA-48, 8.3.148; DEC STD 070).
  if (character === '\x18' || character === '\x1a') return 'text'
  switch (state) {
    case 'text':
      return begins(character)
    case 'escape':
      return afterEscape(character)
    case 'sequence':
      if (character === '\x1b') return 'escape'
      return /[\x40-\x7e]/.test(character) ? 'text' : 'sequence'
    case 'string':
      if (character === '\x1b') return 'string-escape'
      return character === '\x07' || character === '\x9c' || stringLength > longestString ? 'text' : 'string'
    case 'string-escape':
      return character === '\\' ? 'text' : afterEscape(character)
  }
}

function begins(character: string): State {
  if (character === '\x1b') return 'escape'
  if (character === '\x9b') return 'sequence'
  return /[\x90\x98\x9d-\x9f]/.test(character) ? 'string' : 'text'
}

function afterEscape(character: string): State {
  if (character === '[') return 'sequence'
  if (/[\]PX^_]/.test(character)) return 'string'
  // Intermediate bytes, and another escape, go before the final one.
  return /[\x1b\x20-\x2f]/.test(character) ? 'escape' : 'text'
}
