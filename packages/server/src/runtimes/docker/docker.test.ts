import { expect, test } from 'vitest'
import { parseDockerHost } from './address.ts'
import { chooseVersion } from './connection.ts'
import { containerBody } from './container.ts'
import { containerIdOf, ownContainer } from './self.ts'

test('reads DOCKER_HOST as a Unix socket or a TCP address', () => {
  expect(parseDockerHost('unix:///run/docker.sock')).toEqual({
    origin: 'http://docker',
    socketPath: '/run/docker.sock',
  })
  expect(parseDockerHost('tcp://10.0.0.2:2376')).toEqual({ origin: 'http://10.0.0.2:2376', socketPath: null })
  expect(parseDockerHost('tcp://[::1]')).toEqual({ origin: 'http://[::1]:2375', socketPath: null })
})

test.each(['', 'ssh://box', 'unix://docker.sock', 'tcp://', '/run/docker.sock'])(
  'refuses DOCKER_HOST=%j and says what it takes',
  (dockerHost) => {
    expect(() => parseDockerHost(dockerHost)).toThrow(/unix:\/\/\/path.*tcp:\/\/host:port/)
  },
)

test.each([
  { Version: '20.10.24', MinAPIVersion: '1.12', ApiVersion: '1.41', speaks: '1.41' },
  { Version: '25.0.0', MinAPIVersion: '1.24', ApiVersion: '1.44', speaks: '1.44' },
  { Version: '29.1.0', MinAPIVersion: '1.44', ApiVersion: '1.52', speaks: '1.44' },
  { Version: '33.0.0', MinAPIVersion: '1.48', ApiVersion: '1.60', speaks: '1.48' },
])('speaks API $speaks with Docker $Version', ({ speaks, ...versions }) => {
  expect(chooseVersion(versions)).toBe(speaks)
})

test('refuses an engine that is too old', () => {
  const versions = { Version: '18.09.1', MinAPIVersion: '1.12', ApiVersion: '1.39' }
  expect(() => chooseVersion(versions)).toThrow('Install Docker 20.10 or later')
})

test('gives a small sandbox small folders, so that a full one does not exhaust its memory', () => {
  const spec = { id: 'sbx-000000000000', linkFolder: '/links/a', cpus: 0.5 }
  const options = { image: 'vitrine-sandbox', installation: 'here' }
  const sizes = (memoryMiB: number) =>
    Object.values(containerBody({ ...spec, memoryMiB }, options).HostConfig.Tmpfs).map((mount) =>
      Number(/size=(\d+)m/.exec(mount)?.[1]),
    )
  expect(sizes(1024)).toEqual([256, 128, 16, 256])
  expect(sizes(256)).toEqual([64, 64, 16, 64])
})

test('its own labels win over those given', () => {
  const spec = { id: 'sbx-000000000000', linkFolder: '/links/a', memoryMiB: 256, cpus: 1 }
  const labels = { 'vitrine.installation': 'there', 'com.docker.compose.project': 'app' }
  expect(containerBody(spec, { image: 'i', installation: 'here', labels }).Labels).toEqual({
    'vitrine.installation': 'here',
    'vitrine.sandbox': 'sbx-000000000000',
    'com.docker.compose.project': 'app',
  })
})

const id = '0123456789abcdef'.repeat(4)

test('reads its container’s id from the mounts of /etc, and only from those', () => {
  const inside = `1 2 0:3 / / rw - overlay overlay rw
700 650 254:1 /var/lib/docker/containers/${id}/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/vda1 rw
701 650 254:1 /var/lib/docker/containers/${id}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw`
  const podman = `9 8 0:3 /containers/overlay-containers/${id}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw`
  const host = `31 1 0:29 / /var/lib/docker/containers/${id}/mounts/shm rw - tmpfs shm rw`
  expect(containerIdOf(inside)).toBe(id)
  expect(containerIdOf(podman)).toBe(id)
  expect(containerIdOf(host)).toBeNull()
  expect(containerIdOf('')).toBeNull()
})

test('finds the host’s folder behind the innermost mount', () => {
  const self = ownContainer({
    Id: id,
    Image: 'sha256:0',
    State: { ExitCode: 0, OOMKilled: false },
    Config: { Labels: { 'com.docker.compose.project': 'a-project', 'com.docker.compose.service': 'app' } },
    HostConfig: { NetworkMode: 'a-project_default' },
    NetworkSettings: { Ports: { '7080/tcp': [{ HostIp: '127.0.0.1' }], '6080/tcp': null } },
    Mounts: [
      { Source: '/var/lib/docker/volumes/state/_data', Destination: '/state' },
      { Source: '/srv/links', Destination: '/state/links' },
      { Source: '/', Destination: '/host' },
      { Source: '', Destination: '/state/links/scratch' },
    ],
  })
  expect(self.compose).toEqual({ project: 'a-project', service: 'app' })
  expect(self.publishedAt).toEqual(['127.0.0.1'])
  expect(self.hostFolder('/state')).toBe('/var/lib/docker/volumes/state/_data')
  expect(self.hostFolder('/state/files/a')).toBe('/var/lib/docker/volumes/state/_data/files/a')
  expect(self.hostFolder('/state/links/sbx-1')).toBe('/srv/links/sbx-1')
  expect(self.hostFolder('/host/..data')).toBe('/..data')
  expect(() => self.hostFolder('/statement')).toThrow('/statement is in none of its volumes')
})
