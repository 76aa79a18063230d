/** Sizes and times that bound what the API takes. Bytes are UTF-8 bytes; times are seconds. */
export const limits = {
  taskBytes: 256 * 1024,
  nameLength: 100,
  labels: 16,
  /** How many characters of a task a text filter looks at. */
  searchedText: 4000,
  egressHosts: 32,
  checkBytes: 128 * 1024,
  bodyBytes: 1024 * 1024,
  pageSize: 200,
  /** Work time of a job, from its assignment to its verdict. */
  workSeconds: { default: 600, max: 24 * 3600 },
  /** How long a desktop stays live after the job ended. */
  desktopSeconds: { default: 3600, max: 7 * 24 * 3600 },
  memoryMiB: { default: 1024, min: 256, max: 64 * 1024 },
  cpus: { default: 2, max: 64 },
  pids: 512,
  candidates: { default: 8, max: 64 },
  /** What a run may ask of models, the calls of people and programs in its sandbox included. */
  modelCalls: { default: 1000, max: 1_000_000 },
  tokensIn: { default: 10_000_000, max: 1_000_000_000_000 },
  tokensOut: { default: 1_000_000, max: 1_000_000_000_000 },
  concurrentCalls: { default: 16, max: 64 },
  /** What one call of input may type and do. */
  inputCharacters: 10_000,
  inputActions: 1000,
  /** What a viewer may put on a desktop’s clipboard, and is shown of what was copied there. */
  clipboardBytes: 256 * 1024,
  /** How many terminals a job may have open at once. */
  terminals: 8,
  /** How long a share link is good. */
  shareSeconds: { default: 24 * 3600, max: 7 * 24 * 3600 },
  /** How long an API token may be good, where it has an end. */
  tokenSeconds: 10 * 365 * 24 * 3600,
  /** What one job may leave behind. */
  fileBytes: 64 * 1024 * 1024,
  filesBytes: 256 * 1024 * 1024,
  files: 2000,
} as const
