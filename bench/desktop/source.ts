#!/usr/local/bin/node
/**
 * What the ways to a desktop are measured on: an X server that has more to show than anybody can take. It greets as RFB does
 * (RFC 6143, 7.1 to 7.3), and when a viewer has answered sends bytes as fast as they are read. `node source.ts -rfbunixpath <path>`, as
 * Xtigervnc is called.
 */
import { createServer, type Socket } from 'node:net'

const path = process.argv[process.argv.indexOf('-rfbunixpath') + 1]!
const piece = Buffer.alloc(64 * 1024, 7)
/** Version, security type and ClientInit of a viewer. */
const answerBytes = 14

const pump = (socket: Socket) => {
  while (socket.writable && socket.write(piece));
}
createServer((socket) => {
  let answered = 0
  socket.on('error', () => socket.destroy())
  socket.on('drain', () => pump(socket))
  socket.on('data', (bytes: Buffer) => {
    const before = answered
    answered += bytes.length
    if (before < answerBytes && answered >= answerBytes) pump(socket)
  })
  socket.write('RFB 003.008\n')
}).listen(path, () => console.log('ready'))
