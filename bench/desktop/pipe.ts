/** What the server is held against: a few lines that put an RFB stream on a WebSocket, and do nothing else. `node pipe.ts <socket> <port>` */
import { connect } from 'node:net'
import { WebSocketServer } from 'ws'

const [path, port] = process.argv.slice(2)
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(port), perMessageDeflate: false })
server.on('connection', (viewer, { socket }) => {
  const desktop = connect(path!)
  desktop.on('data', (chunk) => {
    viewer.send(chunk)
    if (socket.writableNeedDrain) desktop.pause()
  })
  socket.on('drain', () => desktop.resume())
  viewer.on('message', (data: Buffer) => desktop.write(data))
  viewer.on('close', () => desktop.destroy())
  desktop.on('error', () => viewer.terminate())
  desktop.on('close', () => viewer.close())
})
server.on('listening', () => console.log('ready'))
