import { writeFileSync } from 'node:fs'
import type { ModelAddress } from '../model-server.ts'
import { environment, home, proxyPort } from '../places.ts'
import { passThrough } from './passthrough.ts'

/**
 * Lets programs reach the hosts that the job asked for: an HTTP proxy on loopback, whose requests the server answers. It knows
 * the hosts, and decides; what is not one of them is refused there and told.
 */
export function offerProxy(address: ModelAddress, signal: AbortSignal): void {
  passThrough(proxyPort, address, signal)
  Object.assign(environment, variables)
  // The window manager is older than the job; a terminal that its menu opens reads this.
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${value}\n`)
  writeFileSync(`${home}/.bashrc`, lines.join(''))
}

const proxy = `http://127.0.0.1:${proxyPort}`
const local = 'localhost,127.0.0.1,::1'
const variables = {
  http_proxy: proxy,
  https_proxy: proxy,
  HTTP_PROXY: proxy,
  HTTPS_PROXY: proxy,
  no_proxy: local,
  NO_PROXY: local,
  // Without it Node's own fetch and http look at none of these.
  NODE_USE_ENV_PROXY: '1',
}
