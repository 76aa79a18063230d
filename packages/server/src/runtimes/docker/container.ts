import { limits } from '@vitrine/contract/limits.ts'
import { linkDir } from '@vitrine/contract/link.ts'
import type { SandboxSpec } from '../runtime.ts'

export const installationLabel = 'vitrine.installation'
export const sandboxLabel = 'vitrine.sandbox'

export type ContainerOptions = {
  image: string
  /** Tells this installation's sandboxes from those of others on the same engine. */
  installation: string
  /** An OCI runtime that the engine knows, such as `runsc`; absent: the engine's default. */
  ociRuntime?: string | undefined
  /** Labels for others' eyes, such as Compose's project. */
  labels?: Record<string, string>
  /** From a folder as this server sees it to the same as the engine's host does; absent: they are the same. */
  hostFolder?: (folder: string) => string
}

export type ContainerBody = ReturnType<typeof containerBody>

const MiB = 1024 * 1024
const uid = 10001

/**
 * The body of `POST /containers/create` for one sandbox: everything that holds its program in is here. Default seccomp and
 * masked /proc paths are the engine's own and are kept by not naming them.
 */
export function containerBody(spec: SandboxSpec, options: ContainerOptions) {
  const { hostFolder = (folder: string) => folder } = options
  // What tmpfs holds counts as memory: a full folder must end in "no space left", not in a kill.
  const tmpfs = (sizeMiB: number, rest: string) =>
    `rw,exec,nosuid,nodev,size=${Math.min(sizeMiB, Math.floor(spec.memoryMiB / 4))}m,${rest}`

  return {
    Image: options.image,
    Hostname: 'sandbox',
    User: `${uid}:${uid}`,
    Labels: {
      ...options.labels,
      [installationLabel]: options.installation,
      [sandboxLabel]: spec.id,
    },
    HostConfig: {
      ...(options.ociRuntime !== undefined && { Runtime: options.ociRuntime }),

      // No way out: no network, no rights, nothing of the host's namespaces.
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      IpcMode: 'private',
      CgroupnsMode: 'private',

      // Nothing lasting to write to; a bind that the sandbox cannot change. `Mounts`, unlike `Binds`, refuses a source
      // that does not exist instead of making a folder of root's there. Its propagation is left to the engine: private,
      // except that for a folder in a volume it takes no mode but slave or shared.
      ReadonlyRootfs: true,
      Tmpfs: {
        '/tmp': tmpfs(256, 'mode=1777'),
        '/home/agent': tmpfs(128, `mode=0700,uid=${uid},gid=${uid}`),
        '/run': tmpfs(16, `mode=0755,uid=${uid},gid=${uid}`),
        '/output': tmpfs(limits.filesBytes / MiB, `mode=0755,uid=${uid},gid=${uid}`),
      },
      ShmSize: 16 * MiB,
      Mounts: [
        {
          Type: 'bind',
          Source: hostFolder(spec.linkFolder),
          Target: linkDir,
          ReadOnly: true,
        },
      ],

      // No more than its share: the first to go when the host runs out of memory.
      Memory: spec.memoryMiB * MiB,
      MemorySwap: spec.memoryMiB * MiB,
      OomScoreAdj: 500,
      NanoCpus: Math.round(spec.cpus * 1e9),
      PidsLimit: limits.pids,
      Ulimits: [
        { Name: 'nofile', Soft: 4096, Hard: 4096 },
        { Name: 'core', Soft: 0, Hard: 0 },
        // tmpfs would take a sparse file of any size.
        { Name: 'fsize', Soft: 2 * limits.filesBytes, Hard: 2 * limits.filesBytes },
      ],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },

      // Its life is the reconciler's to decide: the engine neither restarts it nor hides how it ended.
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
    },
  }
}
