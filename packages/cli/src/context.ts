import type { Readable } from 'node:stream'
import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import type { Report } from './report.ts'

/** What a command has to work with: the one place where the outside comes in. */
export type Context = {
  /** Writes to standard output, as given. */
  out: (text: string | Uint8Array) => void
  /** Writes to standard error, as given. */
  note: (text: string) => void
  /** Tells on standard error how set-up goes on. */
  report: Report
  /** True where standard output is a terminal. */
  terminal: boolean
  colors: boolean
  stdin: Readable
  environment: Readonly<Record<string, string | undefined>>
  /** A client of the server that the environment names, or that runs on the state directory. */
  connect: () => Promise<Vitrine>
  stateDir: string
  /** Aborts when the user interrupts. */
  signal: AbortSignal
}
