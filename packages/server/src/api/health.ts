import { statfs } from 'node:fs/promises'
import type { Health } from '@vitrine/contract/server.ts'

/** Below this a job’s files and recording may not find room. */
const neededMiB = 500

type Told<Name extends keyof Health> = Omit<Health[Name] & object, 'fix'>

export type HealthParts = {
  version: string
  stateDir: string
  runtime: (signal: AbortSignal) => Promise<{ engine: Told<'engine'>; image: Told<'image'> }>
  model: () => Promise<Told<'model'>>
  sandboxes: () => Health['sandboxes']
  queued: () => Promise<number>
}

/** How the parts of this server do, each with what to do where it is not well. */
export async function readHealth(parts: HealthParts, signal: AbortSignal): Promise<Health> {
  const [{ engine, image }, model, disk, queued] = await Promise.all([
    parts.runtime(signal),
    parts.model(),
    diskOf(parts.stateDir),
    parts.queued(),
  ])
  const sandboxes = parts.sandboxes()
  return {
    version: parts.version,
    engine: withFix(engine, 'Start the Docker Engine; ./vitrine up does it.'),
    image: withFix(image, './vitrine up builds it.'),
    model: withFix(
      model,
      `Start the model server, or let it have the model: ./vitrine models pull ${model.name}, or the Models page. ` +
        './vitrine down and ./vitrine up look for a model again.',
    ),
    disk: withFix(disk, 'Make room. Deleting jobs helps: ./vitrine rm --state failed,canceled'),
    sandbox: withFix(
      sandboxOf(sandboxes),
      'It takes seconds after the start. If it stays so, the server’s log (server.log in the state directory) and docker ' +
        'logs of the sandboxes tell why.',
    ),
    sandboxes,
    queued,
  }
}

const withFix = <Part extends { ok: boolean }>(part: Part, fix: string) => ({
  ...part,
  fix: part.ok ? null : fix,
})

async function diskOf(folder: string): Promise<Told<'disk'>> {
  const { bavail, bsize } = await statfs(folder)
  const free = Math.floor((bavail * bsize) / 2 ** 20)
  return {
    ok: free >= neededMiB,
    message: `${free} MiB are free in the state directory; jobs need ${neededMiB}.`,
  }
}

function sandboxOf({ ready, busy, poolSize }: Health['sandboxes']): Told<'sandbox'> {
  if (ready + busy > 0) return { ok: true, message: `${ready} ready, ${busy} with a job.` }
  if (poolSize === 0) return { ok: true, message: 'None is kept ready: each job starts its own.' }
  return { ok: false, message: 'None is ready.' }
}
