import { once } from 'node:events'
import pino from 'pino'
import { readConfig, type Config } from './config.ts'
import { dockerRuntime } from './runtimes/docker/runtime.ts'
import { findOwnContainer, type OwnContainer } from './runtimes/docker/self.ts'
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
  const self = await findOwnContainer(config.dockerHost, AbortSignal.timeout(10_000))
  await using server = await serve(config, {
    runtimeFor: async (installation) => docker(config, installation, self),
    ...(self?.publishedAt && { publishedAt: self.publishedAt }),
    log,
  })
  if (self?.compose) log.info(`to sign in a browser: docker compose run --rm ${self.compose.service} open`)
  if (!stopping.aborted) await once(stopping, 'abort')
  log.info({ url: server.url }, 'stopping; sandboxes live on')
  setTimeout(() => process.exit(1), stopMilliseconds).unref()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

/** Sandboxes of a server that runs in a container itself belong to its Compose project and share its state folder. */
function docker(config: Config, installation: string, self: OwnContainer | null): Runtime {
  const { dockerHost, image, ociRuntime } = config
  return dockerRuntime({
    dockerHost,
    image,
    installation,
    ...(ociRuntime !== undefined && { ociRuntime }),
    ...(self && { hostFolder: self.hostFolder }),
    ...(self?.compose && { labels: composeLabels(self.compose.project) }),
  })
}

/**
 * What `docker compose run sandbox` would label them with: Compose then neither scales them away nor calls them orphans
 * at `up`, and `down --remove-orphans` removes them. It sees only containers that have some config-hash.
 * https://github.com/docker/compose/blob/v2.26.1/pkg/compose/containers.go
 */
function composeLabels(project: string): Record<string, string> {
  return {
    'com.docker.compose.project': project,
    'com.docker.compose.service': 'sandbox',
    'com.docker.compose.oneoff': 'True',
    'com.docker.compose.config-hash': 'sandbox',
  }
}

/** The first signal stops gracefully, a second one at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => (controller.signal.aborted ? process.exit(1) : controller.abort()))
  }
  return controller.signal
}
