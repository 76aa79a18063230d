/** What a runtime needs to start an empty sandbox. Nothing of a job is in it. */
export type SandboxSpec = {
  /** `sbx-` and 12 lower case letters or digits; unique for ever. */
  id: string
  /** The folder, as this server sees it, that holds the sandbox's link socket; mounted read-only at `linkDir`. */
  linkFolder: string
  memoryMiB: number
  cpus: number
}

/** One sandbox as the runtime sees it now. */
export type ObservedSandbox = {
  id: string
  state: 'starting' | 'running' | 'paused' | 'exited'
  /** Set when it has exited. */
  exitCode: number | null
  outOfMemory: boolean
}

export type RuntimeHealth = {
  engine: { ok: boolean; message: string }
  image: { ok: boolean; message: string; name: string }
}

/**
 * What starts and removes sandboxes. Every call ends within its own time limit or when `signal` aborts, and throws a
 * `VitrineError` of code `unavailable` where the engine does not answer. Only sandboxes of this installation are seen.
 */
export interface Runtime {
  /** Creates and starts a sandbox. After a failure nothing of it is left, or `list` shows it. */
  create(spec: SandboxSpec, signal: AbortSignal): Promise<void>
  /** Removes a sandbox at once, running or not; one that is gone already is no error. */
  remove(id: string, signal: AbortSignal): Promise<void>
  /** The digest of the image that a sandbox was made from; null where there is no such sandbox. */
  image(id: string, signal: AbortSignal): Promise<string | null>
  /** All sandboxes of this installation: the truth that reconciling starts from. */
  list(signal: AbortSignal): Promise<ObservedSandbox[]>
  /** Calls `wake` when something may have changed; only a hint, `list` tells what. Returns when `signal` aborts. */
  watch(wake: () => void, signal: AbortSignal): Promise<void>
  /** Within five seconds; that the engine does not answer is an answer too. */
  health(signal: AbortSignal): Promise<RuntimeHealth>
}
