import { once } from 'node:events'
import pino from 'pino'
import { readConfig, type Config } from './config.ts'
import { dockerRuntime } from './runtimes/docker/runtime.ts'
import { findOwnContainer } from './runtimes/docker/self.ts'
import type { Runtime } from './runtimes/runtime.ts'
import { serve } from './serve.ts'

/** How long a graceful stop may take before it is cut short. */
const stopMilliseconds = 10_000

const log = pino({
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  serializers: { error: pino.stdSerializers.err },
})
try {
  const stopping = stopSignal()
  const config = readConfig(process.env)
  await using server = await serve(config, { runtimeFor: (installation) => docker(config, installation), log })
  if (!stopping.aborted) await once(stopping, 'abort')
  log.info({ url: server.url }, 'stopping; sandboxes live on')
  setTimeout(() => process.exit(1), stopMilliseconds).unref()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

/** Sandboxes of a server that runs in a container itself belong to its Compose project and share its state folder. */
async function docker(config: Config, installation: string): Promise<Runtime> {
  const { dockerHost, image, ociRuntime } = config
  const self = await findOwnContainer(dockerHost, AbortSignal.timeout(10_000))
  return dockerRuntime({
    dockerHost,
    image,
    installation,
    ...(ociRuntime !== undefined && { ociRuntime }),
    ...(self && { hostFolder: self.hostFolder }),
    ...(self?.composeProject && { labels: composeLabels(self.composeProject) }),
  })
}

/** What Compose finds its containers by: `down --remove-orphans` then removes sandboxes too. */
const composeLabels = (project: string) => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': 'sandbox',
  'com.docker.compose.oneoff': 'False',
})

/** The first signal stops gracefully, a second one at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => (controller.signal.aborted ? process.exit(1) : controller.abort()))
  }
  return controller.signal
}
