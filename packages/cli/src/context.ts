import type { Readable } from 'node:stream'
import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import type { Report } from './report.ts'

/** A terminal that programs can have for themselves: in raw mode each key comes at once, and as it is. */
export type Tty = {
  size: () => { columns: number; rows: number }
  raw: (isRaw: boolean) => void
  onResize: (call: () => void) => void
}

/** What a command has to work with: the one place where the outside comes in. */
export type Context = {
  /** Writes to standard output, as given. */
  out: (text: string | Uint8Array) => void
  /** Resolves once standard output has room again; who writes without end waits for it. */
  drained: () => Promise<void>
  /** Writes to standard error, as given. */
  note: (text: string) => void
  /** Tells on standard error how set-up goes on. */
  report: Report
  /** True where standard output is a terminal. */
  terminal: boolean
  colors: boolean
  stdin: Readable
  /** The user's terminal, where standard input and output both are one. */
  tty: Tty | null
  environment: Readonly<Record<string, string | undefined>>
  /** A client of the server that the environment names, or that runs on the state directory. */
  connect: () => Promise<Vitrine>
  stateDir: string
  /** Aborts when the user interrupts. */
  signal: AbortSignal
}

/** What setting up needs of it. */
export type SetUpContext = Pick<Context, 'environment' | 'report' | 'stateDir' | 'signal'>
