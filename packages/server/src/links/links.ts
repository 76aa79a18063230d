import { chmod, mkdir, readdir, rm } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
import type { Duplex } from 'node:stream'
import { linkProtocol, linkSocket, linkVersion, streamProtocol } from '@vitrine/contract/link.ts'
import { createHttpServer } from '../http-server.ts'
import { Link } from './link.ts'

export type LinksOptions = {
  /** Where each sandbox gets a folder with its socket. */
  folder: string
  /** Takes plain requests from a sandbox, and those of a proxy. The socket tells which sandbox it is. */
  serve: (sandbox: string, request: IncomingMessage, response: ServerResponse) => Promise<void>
  /** Takes CONNECT requests (RFC 9110, 9.3.6): what comes after the head is in `head` and on the socket. */
  tunnel: (sandbox: string, request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>
  /** A sandbox's agent has dialled in. */
  onLink: (link: Link) => void
}

/**
 * The sockets that sandboxes dial: one folder and one socket for each, so the socket is the identity. A server that
 * comes back listens at the same paths, and the agents dial again.
 */
export class Links {
  readonly #options: LinksOptions
  readonly #listeners = new Map<string, Promise<Server>>()
  readonly #links = new Map<string, Link>()

  constructor(options: LinksOptions) {
    this.#options = options
  }

  /** The folder to mount into the sandbox at `linkDir`. */
  folderOf(sandbox: string): string {
    return join(this.#options.folder, sandbox)
  }

  find(sandbox: string): Link | null {
    return this.#links.get(sandbox) ?? null
  }

  async listen(sandbox: string): Promise<void> {
    const open = () =>
      this.#open(sandbox).catch((error: unknown) => {
        this.#listeners.delete(sandbox)
        throw error
      })
    await this.#listeners.getOrInsertComputed(sandbox, open)
  }

  /** Ends the sandbox's link and forgets its folder. */
  async close(sandbox: string): Promise<void> {
    await this.#shut(sandbox)
    await rm(this.folderOf(sandbox), { recursive: true, force: true })
  }

  /** Removes the folders that a server which was killed left, but for those of the given sandboxes. */
  async keepOnly(sandboxes: readonly string[]): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true })
    const kept = new Set(sandboxes)
    const strays = (await readdir(this.#options.folder)).filter((sandbox) => !kept.has(sandbox))
    await Promise.all(strays.map((sandbox) => this.close(sandbox)))
  }

  /** Ends all links; the folders stay, for the server that comes next. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#listeners.keys()].map((sandbox) => this.#shut(sandbox)))
  }

  async #shut(sandbox: string): Promise<void> {
    const server = await this.#listeners.get(sandbox)
    this.#listeners.delete(sandbox)
    this.#links.get(sandbox)?.close()
    server?.close()
    server?.closeAllConnections()
  }

  async #open(sandbox: string): Promise<Server> {
    const server = createHttpServer()
    server.maxConnections = 256
    server.on('request', (request, response) => {
      this.#options.serve(sandbox, request, response).catch(() => response.destroy())
    })
    server.on('connect', (request, socket, head) => {
      this.#options.tunnel(sandbox, request, socket, head).catch(() => socket.destroy())
    })
    server.on('upgrade', (request, socket, head) => this.#upgrade(sandbox, request, socket, head))
    server.on('clientError', (_, socket) => socket.destroy())
    const folder = this.folderOf(sandbox)
    await mkdir(folder, { recursive: true })
    const path = join(folder, basename(linkSocket))
    await rm(path, { force: true })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(path, resolve)
    await promise
    // The sandbox's user is none of this machine's; the state directory above is closed to everybody else.
    await chmod(path, 0o666)
    return server
  }

  #upgrade(sandbox: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const ticket = /^\/stream\/([\w-]+)$/.exec(request.url ?? '')?.[1]
    if (ticket !== undefined && request.headers.upgrade === streamProtocol) {
      if (head.length > 0) socket.unshift(head)
      if (this.#links.get(sandbox)?.take(ticket, socket)) return accept(socket, streamProtocol)
    }
    if (request.url !== '/link' || request.headers.upgrade !== linkProtocol) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
      return
    }
    if (request.headers['vitrine-link-version'] !== String(linkVersion)) {
      socket.end('HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\n\r\n')
      return
    }
    accept(socket, linkProtocol)
    if (head.length > 0) socket.unshift(head)
    this.#links.get(sandbox)?.close()
    const link = new Link(sandbox, socket)
    this.#links.set(sandbox, link)
    void link.closed.then(() => {
      if (this.#links.get(sandbox) === link) this.#links.delete(sandbox)
    })
    this.#options.onLink(link)
  }
}

function accept(socket: Duplex, protocol: string): void {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`)
}
