import { oneLine } from './harmless.ts'

/** Tells how long work goes on: lines that stay, and one line that is written over on a terminal. */
export type Report = {
  say: (line: string) => void
  /** Shows where the work is; on anything but a terminal as lines, at most one in two seconds. */
  update: (line: string) => void
}

export function reportTo(stream: {
  write: (text: string) => unknown
  isTTY?: boolean
  columns?: number
}): Report {
  let overwritable = false
  let lastLine = -Infinity
  const clear = () => (overwritable ? '\r\x1b[K' : '')
  return {
    say: (line) => {
      stream.write(`${clear()}${line}\n`)
      overwritable = false
    },
    update: (text) => {
      const line = oneLine(text)
      if (stream.isTTY === true) {
        stream.write(`\r\x1b[K${line.slice(0, (stream.columns ?? 80) - 1)}`)
        overwritable = true
      } else if (performance.now() - lastLine > 2000) {
        stream.write(`  ${line}\n`)
        lastLine = performance.now()
      }
    },
  }
}
