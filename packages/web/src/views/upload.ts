import { filePath } from '../address.ts'

/** One file on its way into the sandbox. `sent` counts from 0 to 1. */
export type Upload = {
  name: string
  sent: number
  state: 'going' | 'done' | 'failed'
  problem: string
  cancel: () => void
}

/** Sends a file to a job’s /output; `fetch` would not tell how far it is. `change` is called at each step. */
export function upload(
  to: { base: string; id: string },
  file: globalThis.File,
  change: (upload: Upload) => void,
): void {
  const request = new XMLHttpRequest()
  const now = (changed: Pick<Upload, 'sent' | 'state'> & { problem?: string }) =>
    change({ name: file.name, problem: '', cancel: () => request.abort(), ...changed })
  request.upload.addEventListener('progress', ({ loaded, total }) =>
    now({ state: 'going', sent: total > 0 ? loaded / total : 0 }),
  )
  request.addEventListener('load', () =>
    request.status === 204
      ? now({ state: 'done', sent: 1 })
      : now({ state: 'failed', sent: 0, problem: refusal(request.responseText) }),
  )
  request.addEventListener('error', () =>
    now({ state: 'failed', sent: 0, problem: 'The connection broke; send it again.' }),
  )
  request.addEventListener('abort', () => now({ state: 'failed', sent: 0, problem: 'Canceled.' }))
  request.open('PUT', filePath(to.base, to.id, file.name))
  request.setRequestHeader('content-type', 'application/octet-stream')
  now({ state: 'going', sent: 0 })
  request.send(file)
}

function refusal(body: string): string {
  try {
    return (JSON.parse(body) as { error: { message: string } }).error.message
  } catch {
    return 'The server refused it.'
  }
}
