import type { TerminalEnd } from '@vitrine/sdk/terminal.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import { findJob } from '../find-job.ts'
import { oneLine } from '../harmless.ts'
import { liveDesktop } from '../live-desktop.ts'
import { stringFilter } from '../string-filter.ts'

/**
 * An input that has ended stays so, but on a terminal its end is a character: each program that reads takes one, and one that
 * comes before a shell reads is lost.
 */
const endOfFile = '\x04'
const endAgainMilliseconds = 500

export const shell = command({
  name: 'shell',
  summary:
    'Opens a shell in a job’s sandbox, in /output; a desktop that was closed is opened again. Its programs end with it.',
  arguments: '<job>',
  options: {},
  run: async ({ positionals: [given = ''] }, context) => {
    const { connect, tty, note, signal } = context
    const vitrine = await connect()
    const { id } = await liveDesktop(vitrine, await findJob(vitrine, given, signal), signal)
    const terminal = vitrine.jobs.terminal(id, tty?.size() ?? { columns: 80, rows: 24 })
    const type = (typed: Uint8Array) => void terminal.write(typed)
    signal.addEventListener('abort', () => terminal.close(), { once: true })
    tty?.onResize(() => void terminal.resize(tty.size()))
    tty?.raw(true)
    let ending: NodeJS.Timeout | undefined
    context.stdin.on('data', type).once('end', () => {
      void terminal.write(endOfFile)
      ending = setInterval(() => void terminal.write(endOfFile), endAgainMilliseconds)
    })
    try {
      await show(terminal.output, context)
    } finally {
      clearInterval(ending)
      tty?.raw(false)
      context.stdin.off('data', type).pause()
    }
    signal.throwIfAborted()
    return leave(await terminal.ended, id, note)
  },
})

async function show(output: AsyncIterable<Uint8Array>, { out, drained }: Context): Promise<void> {
  const withoutStrings = stringFilter()
  for await (const bytes of output) {
    out(withoutStrings(bytes))
    await drained()
  }
}

function leave({ how, reason }: TerminalEnd, id: string, note: (text: string) => void): number {
  if (how !== 'ended') throw new CliError('trouble', `${oneLine(reason)}; ./vitrine shell ${id} tries again`)
  note(`The shell in ${id} has ended.\n`)
  return 0
}
