import { openBrowser } from '../browser.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson } from '../harmless.ts'
import { liveDesktop } from '../live-desktop.ts'

export const open = command({
  name: 'open',
  aliases: { 'start-job': [] },
  summary:
    'Prints where a job’s desktop is, and opens it in a browser; a desktop that was closed is opened again. Without a job: a link that signs a browser in.',
  arguments: '[job]',
  options: {},
  run: async ({ values, positionals: [given] }, context) => {
    const json = values.json === true
    return given === undefined ? signIn(json, context) : openDesktop(given, json, context)
  },
})

async function signIn(json: boolean, { connect, out, signal, terminal, environment }: Context) {
  const link = await (await connect()).signInLink({ signal })
  out(json ? `${harmlessJson({ signIn: link })}\n` : `${link}\n`)
  if (terminal && !json) await openBrowser(link, environment)
  return 0
}

async function openDesktop(
  given: string,
  json: boolean,
  { connect, out, note, signal, terminal, environment }: Context,
) {
  const vitrine = await connect()
  const { id, desktop } = await liveDesktop(vitrine, await findJob(vitrine, given, signal), signal)
  const link = await vitrine.signInLink({ next: `/jobs/${id}/vnc.html`, signal })
  if (json) {
    out(`${harmlessJson({ id, url: desktop.url, signIn: link, expiresAt: desktop.expiresAt }, 2)}\n`)
    return 0
  }
  out(`${desktop.url ?? link}\n`)
  if (terminal && !(await openBrowser(link, environment))) note(`To sign in a browser first: ${link}\n`)
  return 0
}
