import { once } from 'node:events'
import pino from 'pino'
import { readConfig } from './config.ts'
import { dockerRuntime } from './runtimes/docker/runtime.ts'
import { findOwnContainer, sharedWithSandboxes } from './runtimes/docker/self.ts'
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
  const { dockerHost, image, ociRuntime } = config
  const self = await findOwnContainer(dockerHost, AbortSignal.timeout(10_000))
  const shared = self && sharedWithSandboxes(self)
  await using server = await serve(config, {
    runtimeFor: async (installation) =>
      dockerRuntime({ dockerHost, image, ociRuntime, installation, ...shared }),
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

/** The first signal stops gracefully, a second one at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => (controller.signal.aborted ? process.exit(1) : controller.abort()))
  }
  return controller.signal
}
