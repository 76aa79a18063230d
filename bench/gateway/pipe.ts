/** What the gateway is held against: a few lines that pass HTTP on, and do nothing else. `node pipe.ts <socket> <upstream>` */
import { Agent, createServer, request } from 'node:http'

const [socket, upstream] = process.argv.slice(2)
const { hostname, port } = new URL(upstream!)
const agent = new Agent({ keepAlive: true })

const server = createServer((incoming, response) => {
  const { method, url, headers } = incoming
  const outgoing = request(
    { hostname, port, agent, method, path: url, headers: { ...headers, host: `${hostname}:${port}` } },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    },
  )
  outgoing.on('error', () => response.destroy())
  response.on('close', () => {
    if (!response.writableFinished) outgoing.destroy()
  })
  incoming.pipe(outgoing)
})
server.listen(socket, () => console.log('ready'))
