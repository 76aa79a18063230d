import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A sandbox's container. `assignment` is what its agent says that it was handed. */
export type Container = {
  id: string
  sandbox: string
  state: string
  assignment: { job: string; run: number } | null
}

export type Docker = (...args: string[]) => Promise<string>

/** `docker …` at an engine → what it printed on both outputs. */
export const dockerAt =
  (host: string | undefined): Docker =>
  async (...args) => {
    const at = host === undefined ? [] : ['--host', host]
    const { stdout, stderr } = await run('docker', [...at, ...args], { maxBuffer: 64 * 1024 * 1024 })
    return stdout + stderr
  }

/** The engine that is used where nothing else is said. */
export const docker = dockerAt(undefined)

/** Pauses a container. Beside other work runc may give up before all of its processes stand still (cgroups of version 1). */
export async function pauseContainer(container: string): Promise<void> {
  for (;;) {
    const refused = await docker('pause', container).then(
      () => null,
      (error: Error) => error,
    )
    if (refused === null) return
    if (!refused.message.includes('unable to freeze')) throw refused
  }
}

/** All containers with the installation's label, in whatever state. */
export async function containersOf(installation: string, docker: Docker): Promise<Container[]> {
  const format = '{{.ID}} {{.Label "vitrine.sandbox"}} {{.State}}'
  const filter = `label=vitrine.installation=${installation}`
  const listed = await docker('ps', '--all', '--no-trunc', '--filter', filter, '--format', format)
  const lines = listed.split('\n').filter((line) => line !== '')
  const containers = lines.map(async (line) => {
    const [id = '', sandbox = '', state = ''] = line.split(' ')
    return { id, sandbox, state, assignment: await assignmentOf(id, docker) }
  })
  return Promise.all(containers)
}

/** Null also where the container went meanwhile. */
async function assignmentOf(id: string, docker: Docker): Promise<Container['assignment']> {
  const told = await docker('logs', id).catch(() => '')
  const [, job, run] = [...told.matchAll(/^Job (job-[0-9a-z]{12}), run (\d+):/gm)].at(-1) ?? []
  return job === undefined ? null : { job, run: Number(run) }
}

export async function removeContainers(installation: string, docker: Docker): Promise<void> {
  await removeListed(['--filter', `label=vitrine.installation=${installation}`], docker)
}

/** Removes what `docker ps` lists with these filters, and returns when it is gone. Somebody else may be removing it too. */
export async function removeListed(filters: string[], docker: Docker): Promise<void> {
  for (;;) {
    const listed = await docker('ps', '--all', '--quiet', '--no-trunc', ...filters)
    const ids = listed.split('\n').filter((id) => id !== '')
    if (ids.length === 0) return
    await docker('rm', '--force', ...ids).catch((error: Error) => {
      if (!/already in progress|No such container/.test(error.message)) throw error
    })
    await sleep(50)
  }
}
