import { readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { command } from '../command.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { counted } from '../counted.ts'
import { CliError } from '../exit.ts'
import { goingOn } from '../going-on.ts'
import { harmlessJson } from '../harmless.ts'
import { answers } from '../setup/docker.ts'
import { findEngine } from '../setup/engine.ts'
import { mustExecute } from '../setup/execute.ts'
import { endProcess } from '../setup/process.ts'
import { lastStarted, runningServer } from '../setup/server.ts'

/** How long desktops get to hand over their files. */
const closing = 30_000

/** What the server, and `up`, keep in the state directory. Anything else there is not ours to delete. */
const stored =
  /^(vitrine\.db.*|lock.*|token|server\.json.*|up\.json|server\.log.*|dockerd\.log|files|links|recordings)$/

export const down = command({
  name: 'down',
  summary: 'Stops the server and its sandboxes. Jobs and their files are kept, unless --volumes is given.',
  arguments: '',
  options: { volumes: { type: 'boolean', short: 'v', help: 'delete all jobs, files and settings too' } },
  run: async ({ values }, context) => {
    const { stateDir, report, out } = context
    const running = await runningServer(stateDir)
    const installation = (running ?? (await lastStarted(stateDir)))?.installation
    if (running) {
      await closeDesktops(context)
      await endProcess(running.pid)
    }
    const sandboxes = installation === undefined ? 0 : await removeSandboxes(installation, context)
    const left = values.volumes === true ? await removeState(stateDir) : undefined
    if (values.json === true) {
      out(
        `${harmlessJson({ stopped: running !== undefined, sandboxes, removed: values.volumes === true })}\n`,
      )
      return 0
    }
    const more = sandboxes === 0 ? '' : `; ${counted(sandboxes, 'more sandbox', 'more sandboxes')} removed`
    out(`${running ? 'The server is stopped' : 'No server ran'}${more}.\n`)
    if (left === undefined)
      report.say(
        `Kept: jobs and files in ${stateDir} (down --volumes deletes them), the image, downloaded models.`,
      )
    else report.say(`Deleted: what was stored in ${stateDir}. Kept: the image, downloaded models${left}.`)
    return 0
  },
})

/** Desktops are closed by the server itself, so that their files are kept. */
async function closeDesktops({ stateDir, report, signal }: Context): Promise<void> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(closing)])
  try {
    const vitrine = await connect({}, stateDir)
    const open = await goingOn(vitrine, bounded)
    if (open.length > 0) report.say(`Stopping ${counted(open.length, 'job')} and keeping what they made …`)
    for (const id of open) await vitrine.jobs.stop(id, { signal: bounded })
    while ((await goingOn(vitrine, bounded)).length > 0) await sleep(200, undefined, { signal: bounded })
  } catch (error) {
    signal.throwIfAborted()
    report.say(`Warning: not every job could be stopped in good order: ${(error as Error).message}`)
  }
}

async function removeSandboxes(installation: string, context: Context): Promise<number> {
  const engine = await findEngine(context)
  if (!answers(engine)) {
    throw new CliError(
      'trouble',
      `sandboxes may be left: no Docker Engine answers at ${engine.host} (${engine.message})`,
    )
  }
  const options = { environment: { ...process.env, DOCKER_HOST: engine.host }, signal: context.signal }
  const filter = ['--filter', `label=vitrine.installation=${installation}`]
  const listed = await mustExecute(
    'docker',
    ['ps', '-aq', ...filter],
    'sandboxes could not be listed',
    options,
  )
  const ids = listed.split('\n').filter((id) => id !== '')
  if (ids.length > 0)
    await mustExecute('docker', ['rm', '-f', ...ids], 'sandboxes could not be removed', options)
  return ids.length
}

/** Gives what was left there, in words. */
async function removeState(stateDir: string): Promise<string> {
  const names = await readdir(stateDir).catch(() => [])
  const ours = names.filter((name) => stored.test(name))
  await Promise.all(ours.map((name) => rm(join(stateDir, name), { recursive: true, force: true })))
  const others = names.filter((name) => !ours.includes(name))
  if (others.length > 0) return `, and what is not ours there: ${others.slice(0, 5).join(', ')}`
  if (names.length > 0) await rmdir(stateDir)
  return ''
}
