import type { EgressAttempt, EgressMore } from '@vitrine/contract/egress.ts'
import type { Logger } from 'pino'

/** What is written at once of one run. */
export type Page = { job: string; run: number; lines: readonly EgressAttempt[]; more: EgressMore | null }

export type Ledger = AsyncDisposable & { add(job: string, run: number, line: EgressAttempt): void }

export type LedgerOptions = {
  write: (page: Page) => Promise<void>
  log: Pick<Logger, 'error'>
  /** How soon a line is written; and once `quickLines` were, how often. */
  soonMs?: number
  lateMs?: number
}

const quickLines = 100
/** Different refusals that a run's ledger tells of; the others are counted. */
const refusedLines = 1000
/** Different lines in one page. */
const pageLines = 50

type Book = {
  job: string
  run: number
  lines: Map<string, EgressAttempt>
  more: EgressMore
  written: number
  refused: number
  timer: NodeJS.Timeout | undefined
}

/**
 * Writes down every attempt, without letting a sandbox flood the store: attempts that are alike become one line with their
 * count, and refusals beyond a thousand lines, or too many at once, are only counted.
 */
export function createLedger(options: LedgerOptions): Ledger {
  const { write, log, soonMs = 1000, lateMs = 60_000 } = options
  const books = new Map<string, Book>()
  let writing = Promise.resolve()

  function add(job: string, run: number, line: EgressAttempt): void {
    const book = books.getOrInsertComputed(`${job} ${run}`, () => opened(job, run))
    enter(book, line)
    book.timer ??= setTimeout(() => turn(book), book.written < quickLines ? soonMs : lateMs)
  }

  function turn(book: Book): void {
    clearTimeout(book.timer)
    book.timer = undefined
    const { job, run, more } = book
    const lines = [...book.lines.values()]
    if (lines.length === 0 && more.allowed + more.refused === 0) return
    book.lines.clear()
    book.more = { allowed: 0, refused: 0 }
    book.written += lines.length
    book.refused += lines.filter(({ allowed }) => !allowed).length
    const page = { job, run, lines, more: more.allowed + more.refused > 0 ? more : null }
    writing = writing
      .then(() => write(page))
      .catch((error: unknown) => {
        log.error({ job, error }, 'a page of the egress ledger could not be written; tried again')
        for (const line of lines) add(job, run, line)
        book.more.allowed += more.allowed
        book.more.refused += more.refused
      })
  }

  return {
    add,
    async [Symbol.asyncDispose]() {
      for (const book of books.values()) turn(book)
      await writing
      for (const { timer } of books.values()) clearTimeout(timer)
    },
  }
}

const opened = (job: string, run: number): Book => ({
  job,
  run,
  lines: new Map(),
  more: { allowed: 0, refused: 0 },
  written: 0,
  refused: 0,
  timer: undefined,
})

function enter({ lines, more, refused }: Book, line: EgressAttempt): void {
  const { method, host, port, allowed, why, address, open } = line
  const key = JSON.stringify([method, host, port, allowed, why, address, open])
  const same = lines.get(key)
  if (same) lines.set(key, sum(same, line))
  else if (lines.size < pageLines && (allowed || refused + lines.size < refusedLines)) lines.set(key, line)
  else more[allowed ? 'allowed' : 'refused'] += line.count
}

const sum = (a: EgressAttempt, b: EgressAttempt): EgressAttempt => ({
  ...a,
  bytesSent: a.bytesSent + b.bytesSent,
  bytesReceived: a.bytesReceived + b.bytesReceived,
  seconds: a.seconds + b.seconds,
  count: a.count + b.count,
})
