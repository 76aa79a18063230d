import { VitrineError } from '@vitrine/contract/error.ts'
import type { ObservedSandbox, Runtime, RuntimeHealth, SandboxSpec } from '../runtime.ts'
import { containerBody, installationLabel, sandboxLabel, type ContainerOptions } from './container.ts'
import { dockerEngine, type Engine, type Listed } from './engine.ts'
import { watchContainers } from './watch.ts'

/** Below the five seconds within which the API answers. */
const healthMilliseconds = 4_000

export type DockerOptions = ContainerOptions & {
  /** `unix:///path` or `tcp://host:port` */
  dockerHost: string
}

/** Sandboxes as containers of a Docker engine, 20.10 or later. Throws `bad_request` where `dockerHost` is no address. */
export function dockerRuntime(options: DockerOptions): Runtime {
  const engine = dockerEngine(options.dockerHost)
  const ours = { [installationLabel]: options.installation }
  // The engine's `OOMKilled` of a running container cannot be listed; its events tell.
  const ranOutOfMemory = new Set<string>()
  const beingCreated = new Set<string>()

  return {
    create: async (spec, signal) => {
      beingCreated.add(spec.id)
      try {
        await create(engine, spec, options, signal)
      } finally {
        beingCreated.delete(spec.id)
      }
    },

    remove: async (id, signal) => {
      const found = await engine.listContainers({ ...ours, [sandboxLabel]: id }, signal)
      await Promise.all(found.map((container) => engine.removeContainer(container.Id, signal)))
    },

    image: async (id, signal) => (await engine.inspectContainer(nameOf(id), signal))?.Image ?? null,

    list: async (signal) => {
      const listed = await engine.listContainers(ours, signal)
      const observed = await Promise.all(listed.map((one) => observe(engine, one, signal)))
      const sandboxes = observed
        .filter((one) => one !== null)
        // Created by a server that was killed before it started it: nobody ever will.
        .map((one) =>
          one.state === 'starting' && !beingCreated.has(one.id) ? { ...one, state: 'exited' as const } : one,
        )
      for (const id of ranOutOfMemory) {
        if (!sandboxes.some((one) => one.id === id)) ranOutOfMemory.delete(id)
      }
      return sandboxes.map((one) => ({ ...one, outOfMemory: one.outOfMemory || ranOutOfMemory.has(one.id) }))
    },

    watch: (wake, signal) => {
      const hint = ({ action, labels }: { action: string; labels: Record<string, string> }) => {
        const sandbox = labels[sandboxLabel]
        if (action === 'oom' && sandbox !== undefined) ranOutOfMemory.add(sandbox)
        wake()
      }
      return watchContainers(engine, ours, { connected: wake, hint }, signal)
    },

    health: (signal) => health(engine, options, signal),
  }
}

async function create(
  engine: Engine,
  spec: SandboxSpec,
  options: DockerOptions,
  signal: AbortSignal,
): Promise<void> {
  const body = containerBody(spec, options)
  const labels = { [installationLabel]: options.installation, [sandboxLabel]: spec.id }
  const name = nameOf(spec.id)
  const created = await engine.createContainer(name, body, signal)
  if (created.outcome === 'no image') throw new VitrineError('unavailable', missingImage(options.image))
  const id = created.outcome === 'created' ? created.id : await madeBefore(engine, name, labels, signal)
  await startOrRemove(engine, id, signal)
}

const nameOf = (sandbox: string) => `vitrine-${sandbox}`

/** The id of the container that an earlier attempt made under this name; throws where it is somebody else's. */
async function madeBefore(
  engine: Engine,
  name: string,
  labels: Record<string, string>,
  signal: AbortSignal,
): Promise<string> {
  const found = await engine.inspectContainer(name, signal)
  const own = Object.entries(labels).every(([key, value]) => found?.Config.Labels?.[key] === value)
  if (found && own) return found.Id
  throw new VitrineError(
    'unavailable',
    `The container ${name} exists already and is not this installation's. Remove it (docker rm -f ${name}) or leave it; the next sandbox gets another name.`,
  )
}

async function startOrRemove(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  try {
    await engine.startContainer(id, signal)
  } catch (error) {
    // What cannot be removed now is listed, and the reconciler removes it.
    await engine.removeContainer(id, AbortSignal.timeout(10_000)).catch(() => {})
    throw error
  }
}

const states: Record<Listed['State'], ObservedSandbox['state']> = {
  created: 'starting',
  restarting: 'starting',
  running: 'running',
  paused: 'paused',
  removing: 'exited',
  exited: 'exited',
  dead: 'exited',
}

/** Null where it is gone by now. */
async function observe(engine: Engine, listed: Listed, signal: AbortSignal): Promise<ObservedSandbox | null> {
  const id = listed.Labels[sandboxLabel]
  if (id === undefined) return null
  const state = states[listed.State]
  if (state !== 'exited') return { id, state, exitCode: null, outOfMemory: false }
  const inspected = await engine.inspectContainer(listed.Id, signal)
  if (!inspected) return null
  return { id, state, exitCode: inspected.State.ExitCode, outOfMemory: inspected.State.OOMKilled }
}

async function health(engine: Engine, { image, dockerHost }: DockerOptions, signal: AbortSignal) {
  const limit = AbortSignal.timeout(healthMilliseconds)
  const bounded = AbortSignal.any([signal, limit])
  try {
    const { Version } = await engine.versions(bounded)
    const hasImage = await engine.hasImage(image, bounded)
    return {
      engine: { ok: true, message: `Docker ${Version} answers at ${dockerHost}.` },
      image: { ok: hasImage, message: hasImage ? 'The image is there.' : missingImage(image), name: image },
    } satisfies RuntimeHealth
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof VitrineError) && !limit.aborted) throw error
    const late = `Docker at ${dockerHost} did not answer within ${healthMilliseconds / 1000} s.`
    return {
      engine: { ok: false, message: error instanceof VitrineError ? error.message : late },
      image: { ok: false, message: 'Not known while Docker does not answer.', name: image },
    }
  }
}

const missingImage = (image: string) =>
  `Docker does not have the sandbox image ${image}. Build it: ./vitrine up`
