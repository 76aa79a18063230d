import { availableParallelism, homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { EgressHost } from '@vitrine/contract/egress.ts'
import { ModelName } from '@vitrine/contract/job.ts'
import { z } from 'zod'
import { isRange } from './egress/addresses.ts'

const whole = (min: number, max: number) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.int().min(min).max(max))

const ports = z
  .string()
  .regex(/^(off|\d+-\d+)$/, 'must be FIRST-LAST, such as 6080-6179, or off')
  .transform((text) => (text === 'off' ? null : text.split('-').map(Number)))
  .refine(
    (range) => !range || (range[0]! > 0 && range[0]! <= range[1]! && range[1]! < 65_536),
    'is no range of ports',
  )
  .transform((range) => (range ? { from: range[0]!, to: range[1]! } : null))

const words = (text: string) => text.split(',').flatMap((one) => one.trim() || [])

const ModelServer = z.url({
  protocol: /^https?$/,
  error: 'must be an address such as http://localhost:11434',
})

const Environment = z.object({
  VITRINE_STATE_DIR: z
    .string()
    .min(1)
    .default(join(homedir(), '.vitrine'))
    .transform((path) => resolve(path)),
  VITRINE_HOST: z.string().min(1).default('127.0.0.1'),
  VITRINE_PORT: whole(1, 65_535).default(7080),
  VITRINE_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  VITRINE_ALLOWED_HOSTS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((one) => one.trim().toLowerCase() || [])),
  VITRINE_MODEL_SERVERS: z
    .string()
    .default('http://localhost:11434')
    .transform((text) => text.split(',').map((one) => one.trim()))
    .pipe(z.array(z.union([z.literal('embedded'), ModelServer]))),
  VITRINE_MODEL: ModelName.default('qwen3:0.6b'),
  VITRINE_MODEL_FILE: z.string().optional(),
  VITRINE_MODEL_SLOTS: whole(1, 64).optional(),
  // Ollama's own setting; 0 leaves it to Ollama, which takes one at a time on a CPU.
  OLLAMA_NUM_PARALLEL: whole(0, 64).optional(),
  // An agent waits half an hour at most for a call that says nothing.
  VITRINE_MODEL_PATIENCE: whole(1, 1500).default(300),
  VITRINE_EGRESS: z
    .string()
    .default('any')
    .transform((text) =>
      text === 'any' ? ('any' as const) : text === 'off' ? [] : words(text.toLowerCase()),
    )
    .refine(
      (permitted) => permitted === 'any' || permitted.every((host) => EgressHost.safeParse(host).success),
      'must be any, off, or hosts with commas between, such as docs.example.org,*.example.org',
    ),
  VITRINE_EGRESS_PRIVATE: z
    .string()
    .default('')
    .transform(words)
    .pipe(z.array(z.string().refine(isRange, 'must be ranges of addresses such as 10.0.0.0/8'))),
  VITRINE_POOL: whole(0, 64).default(1),
  VITRINE_CONCURRENCY: whole(1, 256).default(Math.max(2, Math.floor(availableParallelism() / 2))),
  VITRINE_CONTROL_IDLE: whole(1, 7 * 24 * 3600).default(300),
  VITRINE_DESKTOP_PORTS: ports.default({ from: 6080, to: 6179 }),
  VITRINE_RECORD: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .transform((word) => word === 'on'),
  VITRINE_RECORDING_MIB: whole(1, 1_000_000).default(256),
  VITRINE_RECORDINGS_MIB: whole(1, 100_000_000).default(4096),
  VITRINE_IMAGE: z.string().min(1).default('vitrine-sandbox'),
  VITRINE_OCI_RUNTIME: z.string().min(1).optional(),
  VITRINE_WEB_DIR: z
    .string()
    .min(1)
    .default(join(import.meta.dirname, '../../../dist/web')),
  DOCKER_HOST: z.string().min(1).default('unix:///var/run/docker.sock'),
})

export type Config = Readonly<{
  stateDir: string
  host: string
  port: number
  /** Where people reach this server, when that is not `http://localhost:<port>`. */
  publicUrl: string | undefined
  /** Names besides `localhost` and that of `publicUrl` under which programs call this server, such as a service's. */
  allowedHosts: readonly string[]
  modelServers: readonly string[]
  model: string
  /** The embedded engine's GGUF file; only used where `modelServers` names `embedded`. */
  modelFile: string | undefined
  /** Generations that one model server makes at a time: as OLLAMA_NUM_PARALLEL says where that is set, else one. */
  modelSlots: number
  /** Seconds for which a job waits for model servers that are away or busy. */
  modelPatience: number
  /** The hosts that jobs may ask to reach, and the ranges of private addresses that those may have. */
  egress: { permitted: 'any' | readonly string[]; privateRanges: readonly string[] }
  poolSize: number
  concurrency: number
  /** Seconds without input after which a viewer drives a desktop no more. */
  controlIdle: number
  desktopPorts: { from: number; to: number } | null
  /** Whether live desktops are recorded, and the bytes that recordings may take. */
  recordings: { isOn: boolean; limits: { job: number; all: number } }
  image: string
  ociRuntime: string | undefined
  dockerHost: string
  /** Where the built web app is. */
  webDir: string
}>

/** Reads the environment once. Throws one error that lists every value that is wrong, and what it should be. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const parsed = Environment.safeParse(environment)
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `  ${String(path[0])}: ${message}`)
    throw new Error(`The server's configuration is wrong:\n${lines.join('\n')}`)
  }
  const env = parsed.data
  if (env.VITRINE_MODEL_SERVERS.includes('embedded') && env.VITRINE_MODEL_FILE === undefined) {
    throw new Error('VITRINE_MODEL_FILE must name a GGUF file where VITRINE_MODEL_SERVERS is `embedded`.')
  }
  // A Unix socket's path ends at 107 bytes, and each sandbox has one below the state directory.
  if (env.VITRINE_STATE_DIR.length > 70) {
    throw new Error(
      `VITRINE_STATE_DIR is too long for the sockets below it: ${env.VITRINE_STATE_DIR} (at most 70 bytes).`,
    )
  }
  return Object.freeze({
    stateDir: env.VITRINE_STATE_DIR,
    host: env.VITRINE_HOST,
    port: env.VITRINE_PORT,
    publicUrl: env.VITRINE_PUBLIC_URL,
    allowedHosts: env.VITRINE_ALLOWED_HOSTS,
    modelServers: env.VITRINE_MODEL_SERVERS,
    model: env.VITRINE_MODEL,
    modelFile: env.VITRINE_MODEL_FILE,
    modelSlots: env.VITRINE_MODEL_SLOTS ?? (env.OLLAMA_NUM_PARALLEL || 1),
    modelPatience: env.VITRINE_MODEL_PATIENCE,
    egress: { permitted: env.VITRINE_EGRESS, privateRanges: env.VITRINE_EGRESS_PRIVATE },
    poolSize: env.VITRINE_POOL,
    concurrency: env.VITRINE_CONCURRENCY,
    controlIdle: env.VITRINE_CONTROL_IDLE,
    desktopPorts: env.VITRINE_DESKTOP_PORTS,
    recordings: {
      isOn: env.VITRINE_RECORD,
      limits: { job: env.VITRINE_RECORDING_MIB * 2 ** 20, all: env.VITRINE_RECORDINGS_MIB * 2 ** 20 },
    },
    image: env.VITRINE_IMAGE,
    ociRuntime: env.VITRINE_OCI_RUNTIME,
    dockerHost: env.DOCKER_HOST,
    webDir: env.VITRINE_WEB_DIR,
  })
}
