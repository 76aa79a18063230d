import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { limits } from '@vitrine/contract/limits.ts'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { linkFolders, runtimeConformance } from '../packages/server/src/runtimes/conformance.ts'
import { dockerRuntime } from '../packages/server/src/runtimes/docker/runtime.ts'
import { pauseContainer } from './testbed/containers.ts'
import { image } from './testbed/sandbox.ts'

const run = promisify(execFile)
const docker = (...args: string[]) => run('docker', args, { maxBuffer: 64 * 1024 * 1024 })
const dockerHost = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock'
const container = (id: string) => `vitrine-${id}`
const newInstallation = () => `test-${crypto.randomUUID()}`
const signal = AbortSignal.timeout(10 * 60_000)

runtimeConformance('Docker', async () => {
  const installation = newInstallation()
  const notStarting = await imageThatCannotStart()
  const silent = await silentEngine()
  const options = { dockerHost, image, installation }
  return {
    runtime: dockerRuntime(options),
    neighbour: dockerRuntime({ ...options, installation: newInstallation() }),
    silent: {
      runtime: dockerRuntime({ ...options, dockerHost: silent.dockerHost }),
      withinMs: 12_000,
    },
    broken: dockerRuntime({ ...options, image: notStarting }),
    kill: async (id) => void (await docker('kill', container(id))),
    exhaustMemory: async (id) => {
      await expect(docker('exec', container(id), 'tail', '/dev/zero')).rejects.toMatchObject({ code: 137 })
    },
    pause: (id) => pauseContainer(container(id)),
    removeByHand: async (id) => void (await docker('rm', '-f', container(id))),
    [Symbol.asyncDispose]: async () => {
      await docker('rmi', notStarting)
      await silent[Symbol.asyncDispose]()
    },
  }
})

describe('a sandbox of the Docker runtime', () => {
  const runtime = dockerRuntime({ dockerHost, image, installation: newInstallation() })
  let links: Awaited<ReturnType<typeof linkFolders>>
  let id: string

  beforeAll(async () => {
    links = await linkFolders()
    const spec = { ...(await links.spec()), memoryMiB: 512 }
    id = spec.id
    await runtime.create(spec, signal)
  })
  afterAll(async () => {
    await runtime.remove(id, signal)
    await links[Symbol.asyncDispose]()
  })

  /** Runs a shell command inside; its exit code and all that it printed. */
  const inside = async (command: string) => {
    const ran = docker('exec', container(id), 'sh', '-c', `(${command}) 2>&1`)
    const { code, stdout } = await ran.then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => error,
    )
    return { code, output: stdout.trim() }
  }
  const refused = async (command: string) => expect(await inside(command)).not.toMatchObject({ code: 0 })

  test('has no network but loopback, no route and no names', async () => {
    expect((await inside('ls /sys/class/net')).output).toBe('lo')
    expect((await inside('tail -n +2 /proc/net/route')).output).toBe('')
    await refused('getent hosts debian.org')
    await refused('bash -c "exec 3<>/dev/tcp/169.254.169.254/80"')
    await refused('bash -c "exec 3<>/dev/tcp/172.17.0.1/22"')
  })

  test('runs as a user without rights, who cannot gain any', async () => {
    expect((await inside('id -u; id -g; id -G')).output.split('\n')).toEqual(['10001', '10001', '10001'])
    const status = (await inside('cat /proc/1/status')).output
    for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapBnd', 'CapAmb']) {
      expect(status).toMatch(new RegExp(`^${set}:\\s0{16}$`, 'm'))
    }
    expect(status).toMatch(/^NoNewPrivs:\s1$/m)
    expect(status).toMatch(/^Seccomp:\s2$/m)
  })

  test.each(Object.entries(forbiddenCalls))('is refused %s', async (_name, [number, ...args]) => {
    const call = [number[process.arch === 'arm64' ? 'arm64' : 'x64'], ...args].join(', ')
    const perl = `my @args = (${call}); my $r = syscall(shift @args, @args); print $r == -1 ? $!{EPERM} ? "EPERM" : $! : "done"`
    const { output } = await inside(`perl -e '${perl}'`)
    expect(output).toBe('EPERM')
  })

  test('cannot write to its system, its link folder or the kernel’s settings', async () => {
    for (const path of [
      '/x',
      '/usr/x',
      '/etc/x',
      '/opt/x',
      '/run/vitrine/x',
      '/sys/x',
      '/proc/sys/kernel/core_pattern',
    ]) {
      await refused(`echo x > ${path}`)
    }
    await refused('rm -f /run/vitrine/link.sock; test ! -e /run/vitrine/link.sock')
  })

  test('sees its link socket, and no other of the host', async () => {
    expect((await inside('test -S /run/vitrine/link.sock')).code).toBe(0)
    await refused('test -e /var/run/docker.sock')
    expect((await inside('ls /run/vitrine')).output).toBe('link.sock')
  })

  test('holds nothing of the server in its environment', async () => {
    const names = (await inside('env')).output.split('\n').map((line) => line.split('=')[0])
    expect(names.filter((name) => /TOKEN|SECRET|KEY|VITRINE|DOCKER|OLLAMA/.test(name ?? ''))).toEqual([])
  })

  test('can write and run programs in its own folders, within their sizes', async () => {
    for (const folder of ['/tmp', '/home/agent', '/output']) {
      const program = `${folder}/program`
      expect(
        await inside(`printf '#!/bin/sh\necho ran' > ${program} && chmod +x ${program} && ${program}`),
      ).toEqual({
        code: 0,
        output: 'ran',
      })
    }
    expect((await inside('head -c 20000000 /dev/zero > /run/full; rm /run/full')).output).toContain(
      'No space left',
    )
    const sizes = (await inside('df -BM --output=size /tmp /home/agent /run /output /dev/shm')).output
    expect(sizes.match(/\d+(?=M$)/gm)).toEqual(['128', '128', '16', '128', '16'])
  })

  test('has limits on files and memory', async () => {
    expect((await inside('ulimit -n; ulimit -c')).output.split('\n')).toEqual(['4096', '0'])
    expect((await inside(`trap '' XFSZ; truncate -s 1T /output/sparse`)).output).toContain('File too large')
    const memory = 'cat /sys/fs/cgroup/memory.max || cat /sys/fs/cgroup/memory/memory.limit_in_bytes'
    expect((await inside(memory)).output).toContain(String(512 * 1024 * 1024))
  })

  test('has logs that end, also without newlines', async () => {
    await inside(`head -c 20000000 /dev/zero | tr '\\0' x > /proc/1/fd/1`)
    const { stdout } = await docker('logs', container(id))
    expect(stdout.length).toBeLessThan(2 * 1024 * 1024)
  })
})

/** System calls that must fail with EPERM, by their numbers and arguments. */
const forbiddenCalls: Record<string, [{ x64: number; arm64: number }, ...(number | string)[]]> = {
  mount: [{ x64: 165, arm64: 40 }, '"x"', '"/tmp"', '"tmpfs"', 0, 0],
  'unshare of a user namespace': [{ x64: 272, arm64: 97 }, 0x10000000],
  'unshare of a network': [{ x64: 272, arm64: 97 }, 0x40000000],
  keyctl: [{ x64: 250, arm64: 219 }, 0, -3, 0],
  bpf: [{ x64: 321, arm64: 280 }, 0, 0, 0],
  perf_event_open: [{ x64: 298, arm64: 241 }, 0, 0, -1, -1, 0],
  reboot: [{ x64: 169, arm64: 142 }, 0, 0, 0, 0],
}

describe('the Docker runtime', () => {
  test('holds a fork bomb at the limit of processes, and removes its sandbox at once', async () => {
    await using links = await linkFolders()
    const runtime = dockerRuntime({ dockerHost, image, installation: newInstallation() })
    const spec = await links.spec()
    await runtime.create(spec, signal)
    const bomb = `i=0; while [ $i -lt ${2 * limits.pids} ]; do sleep 60 & i=$((i+1)); done`
    await expect(docker('exec', container(spec.id), 'sh', '-c', bomb)).rejects.toMatchObject({
      stderr: expect.stringContaining('Cannot fork'),
    })
    await runtime.remove(spec.id, signal)
    expect(await runtime.list(signal)).toEqual([])
  })

  test('says how to build an image that is missing', async () => {
    await using links = await linkFolders()
    const runtime = dockerRuntime({ dockerHost, image: 'vitrine-none', installation: newInstallation() })
    await expect(runtime.create(await links.spec(), signal)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('./vitrine up'),
    })
    expect((await runtime.health(signal)).image).toMatchObject({ ok: false, name: 'vitrine-none' })
  })

  test('names the socket where no engine listens, and what to do', async () => {
    const runtime = dockerRuntime({ dockerHost: 'unix:///nowhere/docker.sock', image, installation: 'x' })
    await expect(runtime.list(signal)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/unix:\/\/\/nowhere\/docker\.sock.*ENOENT.*systemctl start docker/),
    })
  })

  test('names the address where no engine listens, and what answers there instead', async () => {
    const server = http.createServer((_request, response) => response.end('hello'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as net.AddressInfo
    const runtime = dockerRuntime({ dockerHost: `tcp://localhost:${port}`, image, installation: 'x' })
    await expect(runtime.list(signal)).rejects.toThrow(
      `What answers at tcp://localhost:${port} is not Docker`,
    )
    server.closeAllConnections()
    await once(server.close(), 'close')
    await expect(runtime.list(signal)).rejects.toThrow(/tcp:\/\/localhost:\d+ \(.*ECONNREFUSED.*\)/)
  })

  test('leaves a container alone that has the name but not the label', async () => {
    await using links = await linkFolders()
    const runtime = dockerRuntime({ dockerHost, image, installation: newInstallation() })
    const spec = await links.spec()
    await docker('create', '--name', container(spec.id), image)
    try {
      await expect(runtime.create(spec, signal)).rejects.toThrow(
        /exists already and is not this installation/,
      )
      await runtime.remove(spec.id, signal)
      await docker('inspect', container(spec.id))
    } finally {
      await docker('rm', '-f', container(spec.id))
    }
  })

  test('says so when the folder of the link is not there', async () => {
    const runtime = dockerRuntime({ dockerHost, image, installation: newInstallation() })
    const spec = { id: 'sbx-000000000000', linkFolder: '/nowhere/links', memoryMiB: 256, cpus: 1 }
    await expect(runtime.create(spec, signal)).rejects.toThrow('/nowhere/links')
    expect(await runtime.list(signal)).toEqual([])
  })

  test('watches again, and learns what it missed, after its connection was cut', async () => {
    await using links = await linkFolders()
    await using relay = await cuttableEngine()
    const runtime = dockerRuntime({ dockerHost: relay.dockerHost, image, installation: newInstallation() })
    const { id, ...spec } = await links.spec()
    await runtime.create({ id, ...spec }, signal)
    const stop = new AbortController()
    const wake = vi.fn<() => void>()
    const watching = runtime.watch(wake, stop.signal)
    await vi.waitUntil(() => wake.mock.calls.length > 0, { timeout: 5000 })

    await relay.cut()
    await expect(docker('exec', container(id), 'tail', '/dev/zero')).rejects.toMatchObject({ code: 137 })
    wake.mockClear()
    await relay.mend()
    await vi.waitUntil(() => wake.mock.calls.length > 0, { timeout: 15_000 })
    const outOfMemory = async () => (await runtime.list(signal)).every((one) => one.outOfMemory)
    await vi.waitUntil(outOfMemory, { timeout: 5000 })
    stop.abort()
    await watching
    await runtime.remove(id, signal)
  })
})

/** An image whose program does not exist, so that its containers are created but do not start. */
async function imageThatCannotStart(): Promise<string> {
  const name = `vitrine-test-broken-${crypto.randomUUID()}`
  const importing = run('docker', ['import', '--change', 'CMD ["/nothing"]', '-', name])
  importing.child.stdin?.end(Buffer.alloc(1024)) // an empty tar archive
  await importing
  return name
}

/** An engine that takes connections and never answers. */
async function silentEngine() {
  const held = new Set<net.Socket>()
  return unixServer((socket) => {
    held.add(socket.on('error', () => {}).resume())
    socket.once('close', () => held.delete(socket))
  }, held)
}

/** The real engine behind a relay whose connections can be cut. */
async function cuttableEngine() {
  const engine = dockerHost.slice('unix://'.length)
  const held = new Set<net.Socket>()
  const relay = await unixServer((socket) => {
    const upstream = net.connect(engine)
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      held.add(from)
      from.on('error', () => to.destroy()).once('close', () => held.delete(from) && to.destroy())
      from.pipe(to)
    }
  }, held)
  return relay
}

async function unixServer(onSocket: (socket: net.Socket) => void, held: Set<net.Socket>) {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-engine-'))
  const path = join(folder, 'docker.sock')
  const server = net.createServer(onSocket)
  const mend = async () => void (await once(server.listen(path), 'listening'))
  const cut = async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of held) socket.destroy()
    await closed
  }
  await mend()
  return {
    dockerHost: `unix://${path}`,
    cut,
    mend,
    [Symbol.asyncDispose]: async () => {
      if (server.listening) await cut()
      await rm(folder, { recursive: true })
    },
  }
}
