import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, relative } from 'node:path/posix'
import { VitrineError } from '@vitrine/contract/error.ts'
import { dockerEngine, type Inspected } from './engine.ts'

/** What a server inside a container needs to know of it. */
export type OwnContainer = {
  id: string
  /** Its place in a Compose project, where Compose made the container. */
  compose: { project: string; service: string } | null
  /** The host's addresses at which its ports are published; null where it shares the host's network. */
  publishedAt: string[] | null
  /** From a folder inside this container to the same on the engine's host; throws where no mount holds it. */
  hostFolder: (folder: string) => string
}

/**
 * Finds the container that this process runs in. Null outside containers, and in one that the engine does not know.
 * Throws `unavailable` where the engine does not answer.
 */
export async function findOwnContainer(
  dockerHost: string,
  signal: AbortSignal,
): Promise<OwnContainer | null> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
  const name = containerIdOf(mounts) ?? (looksLikeId(hostname()) ? hostname() : null)
  if (name === null) return null
  const inspected = await dockerEngine(dockerHost).inspectContainer(name, signal)
  return inspected && ownContainer(inspected)
}

/**
 * The container's id from /proc/self/mountinfo (proc_pid_mountinfo(5)): engines bind /etc/hostname and its like from a
 * folder named by the id, under cgroup v1 and v2 alike. The fourth field is the source's path, the fifth the mount point.
 */
export function containerIdOf(mountinfo: string): string | null {
  for (const line of mountinfo.split('\n')) {
    const [, , , source = '', target = ''] = line.split(' ')
    const id = /\/([0-9a-f]{64})\//.exec(source)?.[1]
    if (id !== undefined && /^\/etc\/(hostname|hosts|resolv\.conf)$/.test(target)) return id
  }
  return null
}

/** The engine's default host name is the id's first twelve digits. */
const looksLikeId = (name: string) => /^[0-9a-f]{12}$/.test(name)

export function ownContainer(inspected: Inspected): OwnContainer {
  const { 'com.docker.compose.project': project, 'com.docker.compose.service': service } =
    inspected.Config.Labels ?? {}
  const ports = Object.values(inspected.NetworkSettings.Ports ?? {}).flatMap((bindings) => bindings ?? [])
  return {
    id: inspected.Id,
    compose: project !== undefined && service !== undefined ? { project, service } : null,
    publishedAt: inspected.HostConfig.NetworkMode === 'host' ? null : ports.map(({ HostIp }) => HostIp),
    hostFolder: (folder) => {
      const mount = inspected.Mounts.filter(
        ({ Source, Destination }) => Source !== '' && holds(Destination, folder),
      )
        .toSorted((a, b) => b.Destination.length - a.Destination.length)
        .at(0)
      if (mount) return join(mount.Source, relative(mount.Destination, folder))
      throw new VitrineError(
        'unavailable',
        `The server runs in a container, and ${folder} is in none of its volumes, so sandboxes cannot be given it. Mount a volume or folder there.`,
      )
    },
  }
}

/** Sandboxes of a server in this container belong to its Compose project, and share the folders that it was given. */
export const sharedWithSandboxes = ({ compose, hostFolder }: OwnContainer) => ({
  hostFolder,
  ...(compose && { labels: composeLabels(compose.project) }),
})

/**
 * What `docker compose run sandbox` would label them with: Compose then neither scales them away nor calls them orphans
 * at `up`, and `down --remove-orphans` removes them. It sees only containers that have some config-hash.
 * https://github.com/docker/compose/blob/v2.26.1/pkg/compose/containers.go
 */
function composeLabels(project: string): Record<string, string> {
  return {
    'com.docker.compose.project': project,
    'com.docker.compose.service': 'sandbox',
    'com.docker.compose.oneoff': 'True',
    'com.docker.compose.config-hash': 'sandbox',
  }
}

const holds = (outer: string, inner: string) => {
  const path = relative(outer, inner)
  return path !== '..' && !path.startsWith('../')
}
