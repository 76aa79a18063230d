import { VitrineError } from '@vitrine/contract/error.ts'

/** Where undici finds the engine: an origin, and a socket's path where it is a Unix socket. */
export type EngineAddress = { origin: string; socketPath: string | null }

/** Reads a DOCKER_HOST: `unix:///path` or `tcp://host:port`. Throws `bad_request` that names what is taken. */
export function parseDockerHost(dockerHost: string): EngineAddress {
  if (dockerHost.startsWith('unix:///')) {
    return { origin: 'http://docker', socketPath: dockerHost.slice('unix://'.length) }
  }
  const url = URL.parse(dockerHost.replace(/^tcp:/, 'http:'))
  if (dockerHost.startsWith('tcp://') && url?.host) {
    return { origin: `http://${url.hostname}:${url.port || '2375'}`, socketPath: null }
  }
  const message = `DOCKER_HOST is ${JSON.stringify(dockerHost)}; set it to unix:///path/of/docker.sock or tcp://host:port.`
  throw new VitrineError('bad_request', message, [{ path: 'DOCKER_HOST', message }])
}
