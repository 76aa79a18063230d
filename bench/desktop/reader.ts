/**
 * A viewer that only counts. It answers the desktop, lets everything become warm, tells that it begins, and after some seconds how
 * many gigabytes came in each of them, the 4 to 10 bytes of each WebSocket frame (RFC 6455) included.
 * `node reader.ts <url> [token]`
 */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const warmUpMilliseconds = 1000
const seconds = 3

const [url, token] = process.argv.slice(2)
const { hostname, port, pathname } = new URL(url!)
/** Version, security type None, ClientInit, in one masked frame whose key is zero. */
const answer = Buffer.concat([
  Buffer.from([0x82, 0x80 | 14, 0, 0, 0, 0]),
  Buffer.from('RFB 003.008\n'),
  Buffer.from([1, 1]),
])
let read = 0
let isGreeted = false
const socket = connect({
  host: hostname,
  port: Number(port),
  onread: {
    buffer: Buffer.alloc(1024 * 1024),
    callback: (length, buffer) => {
      read += length
      if (!isGreeted && Buffer.from(buffer.buffer, 0, length).includes('RFB 003.008\n')) {
        isGreeted = true
        socket.write(answer)
      }
      return true
    },
  },
})
socket.on('error', (error) => {
  console.error(error.message)
  process.exit(1)
})
socket.write(
  [
    `GET ${pathname} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: binary',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...(token ? [`Authorization: Bearer ${token}`] : []),
    '\r\n',
  ].join('\r\n'),
)

await sleep(warmUpMilliseconds)
console.log('begins')
const [readBefore, began] = [read, performance.now()]
await sleep(seconds * 1000)
console.log((read - readBefore) / 1e6 / (performance.now() - began))
process.exit()
