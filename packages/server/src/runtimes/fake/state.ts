import type { Assignment, FileEntry } from '@vitrine/contract/link.ts'
import type { FakeDesktop } from './desktop.ts'
import type { KeptEvents } from './events.ts'

/** What a fake agent holds, whether or not its link is up. */
export type FakeState = {
  assignment: Assignment | null
  events: KeptEvents
  /** By path under /output. */
  files: Map<string, { entry: FileEntry; content: Buffer }>
  desktop: FakeDesktop
}

export function putFile(state: FakeState, path: string, content: Buffer): void {
  const entry = { path, bytes: content.length, modifiedAt: new Date().toISOString() }
  state.files.set(path, { entry, content })
}
