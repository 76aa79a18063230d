export interface Split {
  thinking: string
  answer: string
}

export interface ThinkingSplitter {
  push(text: string): Split
  /** Gives what was held back, once no more text comes. */
  flush(): Split
}

const OPEN = '<think>'
const CLOSE = '</think>'

/**
 * Parts a thinking model's streamed text into its thoughts and its answer. Only a block at the very beginning is
 * thought; a later `<think>` is text of the answer, such as a program that prints it.
 *
 * @param opened whether the prompt itself already ended in `<think>`, so that the text begins inside the block
 */
export function thinkingSplitter(opened: { byPrompt: boolean }): ThinkingSplitter {
  let state: 'before' | 'thinking' | 'gap' | 'answer' = opened.byPrompt ? 'thinking' : 'before'
  let held = ''

  function step(): Split {
    const out = { thinking: '', answer: '' }
    if (state === 'before') {
      const start = held.trimStart()
      if (start.startsWith(OPEN)) {
        held = start.slice(OPEN.length)
        state = 'thinking'
      } else if (!OPEN.startsWith(start)) {
        state = 'answer'
      }
    }
    if (state === 'thinking') {
      const end = held.indexOf(CLOSE)
      const safe = end >= 0 ? end : Math.max(0, held.length - CLOSE.length + 1)
      out.thinking = held.slice(0, safe)
      held = held.slice(end >= 0 ? end + CLOSE.length : safe)
      if (end >= 0) state = 'gap'
    }
    if (state === 'gap') {
      held = held.trimStart()
      if (held !== '') state = 'answer'
    }
    if (state === 'answer') {
      out.answer = held
      held = ''
    }
    return out
  }

  return {
    push(text) {
      held += text
      return step()
    },
    flush() {
      const rest = held
      held = ''
      return state === 'thinking' ? { thinking: rest, answer: '' } : { thinking: '', answer: rest }
    },
  }
}
