import type { ErrorBody } from '@vitrine/contract/error.ts'
import type { PullProgress } from '@vitrine/contract/routes/models.ts'
import { VitrineApiError, VitrineConnectionError } from './error.ts'
import { lines } from './lines.ts'
import type { Transport } from './transport.ts'

/** The lines of a download. An error that came after it had begun is thrown as if it had been the answer. */
export async function* pull(
  transport: Transport,
  model: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<PullProgress, void, undefined> {
  const accept = 'application/x-ndjson'
  const response = await transport.send('POST /models/{name}/pull', {
    params: { name: model },
    accept,
    signal,
  })
  let last = ''
  for await (const line of lines(response, signal)) {
    if (line === '') continue
    const told = JSON.parse(line) as PullProgress | ErrorBody
    if ('error' in told) throw thrown(response.status, told)
    last = told.status
    yield told
  }
  if (last !== 'success') throw new VitrineConnectionError('the server ended the download early')
}

const thrown = (status: number, { error: { code, message, details } }: ErrorBody) =>
  new VitrineApiError(status, code, message, details ?? [])
