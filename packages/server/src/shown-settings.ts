import { limits } from '@vitrine/contract/limits.ts'
import type { Settings } from '@vitrine/contract/server.ts'
import type { Config } from './config.ts'

/** What people may know of the configuration: each value under the variable that sets it. */
export function shownSettings(config: Config): Settings {
  const { desktopPorts: ports, recordings } = config
  const setting = (name: string, value: string | number, about: string) => ({
    name,
    value: `${value}`,
    about,
  })
  return {
    settings: [
      setting(
        'VITRINE_PUBLIC_URL',
        config.publicUrl ?? `http://localhost:${config.port}`,
        'Where people reach it.',
      ),
      setting('VITRINE_STATE_DIR', config.stateDir, 'Where jobs, files and recordings are kept.'),
      setting('VITRINE_MODEL', config.model, 'The model of jobs that name none.'),
      setting(
        'VITRINE_MODEL_SERVERS',
        config.modelServers.map(withoutPassword).join(', '),
        'Where models answer.',
      ),
      setting('VITRINE_MODEL_SLOTS', config.modelSlots, 'Answers that one model server writes at a time.'),
      setting(
        'VITRINE_MODEL_PATIENCE',
        seconds(config.modelPatience),
        'How long a job waits for a model server.',
      ),
      setting('VITRINE_CONCURRENCY', config.concurrency, 'Jobs that run at a time.'),
      setting('VITRINE_POOL', config.poolSize, 'Sandboxes that are kept ready.'),
      setting(
        'VITRINE_EGRESS',
        config.egress.permitted === 'any' ? 'any' : config.egress.permitted.join(', ') || 'off',
        'The hosts that jobs may ask to reach.',
      ),
      setting(
        'VITRINE_EGRESS_PRIVATE',
        config.egress.privateRanges.join(', ') || 'none',
        'Ranges of private addresses that those hosts may have.',
      ),
      setting('VITRINE_IMAGE', config.image, 'The image of sandboxes.'),
      setting('VITRINE_OCI_RUNTIME', config.ociRuntime ?? 'the engine’s own', 'What sandboxes run in.'),
      setting(
        'VITRINE_DESKTOP_PORTS',
        ports ? `${ports.from}-${ports.to}` : 'off',
        'Ports at which desktops are shown by themselves.',
      ),
      setting(
        'VITRINE_CONTROL_IDLE',
        seconds(config.controlIdle),
        'Without input for this long, nobody drives a desktop any more.',
      ),
      setting('VITRINE_RECORD', recordings.isOn ? 'on' : 'off', 'Whether desktops are recorded.'),
      setting(
        'VITRINE_RECORDING_MIB',
        mebibytes(recordings.limits.job),
        'The most that a job’s recordings take.',
      ),
      setting(
        'VITRINE_RECORDINGS_MIB',
        mebibytes(recordings.limits.all),
        'The most that all recordings take.',
      ),
    ],
    limits: {
      seconds: range(limits.workSeconds),
      desktopSeconds: range(limits.desktopSeconds),
      memoryMiB: range(limits.memoryMiB),
      cpus: range({ min: 0.1, ...limits.cpus }),
      candidates: range(limits.candidates),
      modelCalls: range(limits.modelCalls),
      tokensIn: range(limits.tokensIn),
      tokensOut: range(limits.tokensOut),
      concurrentCalls: range(limits.concurrentCalls),
    },
  }
}

const range = (of: { min?: number; default: number; max: number }) => ({ min: 1, ...of })
const seconds = (count: number) => `${count} s`
const mebibytes = (bytes: number) => `${bytes / 2 ** 20} MiB`

function withoutPassword(server: string): string {
  if (!URL.canParse(server)) return server
  const url = new URL(server)
  url.username = ''
  url.password = ''
  return url.href
}
