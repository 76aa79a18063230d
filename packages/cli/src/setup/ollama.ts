import { CliError } from '../exit.ts'

/** The address that OLLAMA_HOST means, read as Ollama reads it: a host, a port or both, with a scheme or without. */
export function ollamaUrl(host: string | undefined): string {
  const text = (host ?? '').trim().replace(/\/+$/, '')
  const withScheme = text.includes('://')
    ? text
    : `http://${text.startsWith(':') ? `localhost${text}` : text || 'localhost'}`
  if (!URL.canParse(withScheme)) throw new CliError('usage', `OLLAMA_HOST is not an address: ${host}`)
  const url = new URL(withScheme)
  if (url.port === '' && !/:\d+$/.test(text) && !text.includes('://')) url.port = '11434'
  // It is what Ollama listens on, not where anybody reaches it.
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = 'localhost'
  return url.href.replace(/\/$/, '')
}

export type OllamaModel = { name: string; details?: { family?: string } }

/** The models that an Ollama has; undefined where none answers within three seconds. */
export async function installedModels(url: string, signal: AbortSignal): Promise<OllamaModel[] | undefined> {
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(3000)])
    const response = await fetch(`${url}/api/tags`, { signal: bounded })
    return response.ok ? ((await response.json()) as { models: OllamaModel[] }).models : undefined
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

/** What a pull tells on its way. https://github.com/ollama/ollama/blob/main/docs/api.md#pull-a-model */
export type PullStatus = {
  status?: string
  total?: number | undefined
  completed?: number | undefined
  error?: string
}

/**
 * Has an Ollama download a model. Gives the reason in words where it could not, undefined where it did. A download that
 * says nothing for half a minute is given up; Ollama goes on where it stopped when asked again.
 */
export async function pullModel(
  url: string,
  model: string,
  onStatus: (status: PullStatus) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), 30_000)
  try {
    const response = await fetch(`${url}/api/pull`, {
      method: 'POST',
      body: JSON.stringify({ model }),
      signal: AbortSignal.any([signal, silence.signal]),
    })
    let last: PullStatus = {}
    for await (const status of statuses(response)) {
      timer.refresh()
      if (status.error !== undefined) return status.error
      onStatus(status)
      last = status
    }
    return last.status === 'success' ? undefined : 'the download ended early'
  } catch (error) {
    signal.throwIfAborted()
    return silence.signal.aborted ? 'the download said nothing for 30 s' : (error as Error).message
  } finally {
    clearTimeout(timer)
  }
}

async function* statuses(response: Response): AsyncGenerator<PullStatus> {
  let rest = ''
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield JSON.parse(line) as PullStatus
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as PullStatus
}
