import { openBrowser } from '../browser.ts'
import { command } from '../command.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson } from '../harmless.ts'
import { liveDesktop } from '../live-desktop.ts'

export const open = command({
  name: 'open',
  aliases: { 'start-job': [] },
  summary:
    'Prints where a job’s desktop is, and opens it in a browser; a desktop that was closed is opened again.',
  arguments: '<job>',
  options: {},
  run: async (
    { values, positionals: [given = ''] },
    { connect, out, note, signal, terminal, environment },
  ) => {
    const vitrine = await connect()
    const job = await liveDesktop(vitrine, await findJob(vitrine, given, signal), signal)
    const signIn = await vitrine.signInLink({ next: `/jobs/${job.id}/vnc.html`, signal })
    if (values.json === true) {
      out(
        `${harmlessJson({ id: job.id, url: job.desktop.url, signIn, expiresAt: job.desktop.expiresAt }, 2)}\n`,
      )
      return 0
    }
    out(`${job.desktop.url ?? signIn}\n`)
    if (terminal && !(await openBrowser(signIn, environment))) note(`To sign in a browser first: ${signIn}\n`)
    return 0
  },
})
