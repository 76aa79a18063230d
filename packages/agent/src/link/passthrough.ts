import { connect, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ModelAddress } from '../model-server.ts'
import { modelPort } from '../places.ts'

/** Passes `localhost:11434` inside the sandbox on to the model server. */
export const passModelThrough = (address: ModelAddress, signal: AbortSignal): void =>
  passThrough(modelPort, address, signal)

/** Passes a port on loopback on to the address, byte for byte. */
export function passThrough(port: number, address: ModelAddress, signal: AbortSignal): void {
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = dial(address)
    for (const socket of [near, far]) {
      socket.on('error', () => {
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far)
    far.pipe(near)
  })
  server.maxConnections = 64
  server.on('error', (error) => console.log(`localhost:${port} is not passed through: ${error.message}`))
  server.listen({ host: '127.0.0.1', port, signal })
}

function dial(address: ModelAddress): Socket {
  if ('socketPath' in address) return connect({ path: address.socketPath, allowHalfOpen: true })
  const { hostname, port, protocol } = address.url
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol === 'https:') return connectTls({ host, port: Number(port || 443), servername: host })
  return connect({ host, port: Number(port || 80), allowHalfOpen: true })
}
