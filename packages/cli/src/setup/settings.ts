import type { Context } from '../context.ts'

/** The flags of `up`, and the server's environment variables that they stand for. */
export const settingOfFlag = {
  model: 'VITRINE_MODEL',
  'model-file': 'VITRINE_MODEL_FILE',
  port: 'VITRINE_PORT',
  host: 'VITRINE_HOST',
  pool: 'VITRINE_POOL',
  concurrency: 'VITRINE_CONCURRENCY',
  'desktop-ports': 'VITRINE_DESKTOP_PORTS',
  'oci-runtime': 'VITRINE_OCI_RUNTIME',
} as const

/** Part of the server's environment; see packages/server/src/config.ts. */
export type Settings = Record<string, string>

const withoutFlag = [
  'VITRINE_MODEL_SERVERS',
  'VITRINE_MODEL_SLOTS',
  'VITRINE_MODEL_PATIENCE',
  'OLLAMA_NUM_PARALLEL',
  'VITRINE_EGRESS',
  'VITRINE_EGRESS_PRIVATE',
  'VITRINE_IMAGE',
  'VITRINE_PUBLIC_URL',
  'VITRINE_WEB_DIR',
]

/** What the user has decided: by variables, and over them by flags. */
export function givenSettings(
  flags: Readonly<Partial<Record<keyof typeof settingOfFlag, string>>>,
  environment: Context['environment'],
): Settings {
  const names = [...Object.values(settingOfFlag), ...withoutFlag]
  const variables = names.map((name) => [name, environment[name]])
  const overrides = Object.entries(settingOfFlag).map(([flag, name]) => [
    name,
    flags[flag as keyof typeof flags],
  ])
  const set = [...variables, ...overrides].filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(set) as Settings
}
