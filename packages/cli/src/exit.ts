import { VitrineApiError, VitrineConnectionError } from '@vitrine/sdk/error.ts'
import { harmless } from './harmless.ts'

/** What the exit codes mean; `help` prints this table. */
export const exitCodes = {
  ok: { code: 0, meaning: 'done; a job that was followed succeeded' },
  failed: { code: 1, meaning: 'the job failed or was canceled; a check of `doctor` or a test failed' },
  usage: { code: 2, meaning: 'the command or a value in it is wrong' },
  notFound: { code: 3, meaning: 'there is no such job, file or desktop' },
  unreachable: { code: 4, meaning: 'no server answers, or it does not take the token' },
  trouble: { code: 5, meaning: 'anything else: set-up failed, the server refused' },
  interrupted: { code: 130, meaning: 'interrupted (Ctrl-C); jobs go on' },
} as const

type Exit = keyof typeof exitCodes

/** Ends a command with a message that says what was wrong and what to do. */
export class CliError extends Error {
  override name = 'CliError'
  readonly exit: Exit

  constructor(exit: Exit, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exit = exit
  }
}

/** What a person is told about an error, and the code to exit with. */
export function ending(error: unknown): { code: number; message: string } {
  if (error instanceof CliError) return { code: exitCodes[error.exit].code, message: error.message }
  if (error instanceof VitrineApiError) {
    return { code: exitCodes[exitOf(error)].code, message: harmless(described(error)) }
  }
  if (error instanceof VitrineConnectionError) {
    const message = `${error.message}. Start the server (./vitrine up or docker compose up), or set VITRINE_URL to where it is.`
    return { code: exitCodes.unreachable.code, message }
  }
  return { code: exitCodes.trouble.code, message: unforeseen(error) }
}

/** What the system refused explains itself; anything else is a fault of ours, and its stack helps to find it. */
function unforeseen(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'syscall' in error ? error.message : (error.stack ?? error.message)
}

function exitOf({ code }: VitrineApiError): Exit {
  if (code === 'bad_request' || code === 'too_large') return 'usage'
  if (code === 'not_found') return 'notFound'
  if (code === 'unauthorized' || code === 'forbidden') return 'unreachable'
  return 'trouble'
}

function described({ code, message, details }: VitrineApiError): string {
  const advice =
    code === 'unauthorized'
      ? ' Set VITRINE_TOKEN to the token in the file `token` of the server’s state directory.'
      : ''
  // The message sums the details up; one detail says the same.
  if (details.length < 2) return message + advice
  return ['these values are wrong:', ...details.map((field) => `  ${field.path}: ${field.message}`)].join(
    '\n',
  )
}
