export type Resize = 'scale' | 'remote' | 'off'

export type VncParameters = {
  /** Where the RFB stream is, `ws:` or `wss:`. */
  url: string
  /** False as well for another machine than the page's: a link alone must not show a stranger's desktop here. */
  autoconnect: boolean
  viewOnly: boolean
  resize: Resize
}

/**
 * Reads noVNC's query parameters (https://github.com/novnc/noVNC/blob/master/docs/EMBEDDING.md). Without `host` and `port`
 * the stream is `path` beside the page itself.
 */
export function readVncParameters(page: URL): VncParameters {
  const query = page.searchParams
  const url = streamUrl(page)
  return {
    url: url.href,
    autoconnect: flag(query.get('autoconnect'), true) && sameMachine(url.hostname, page.hostname),
    viewOnly: flag(query.get('view_only'), false),
    resize: resizeOf(query.get('resize')),
  }
}

function streamUrl(page: URL): URL {
  const query = page.searchParams
  const host = query.get('host')
  const port = query.get('port')
  const path = query.get('path') ?? 'websockify'
  const elsewhere = host !== null || port !== null
  const secure = flag(query.get('encrypt'), page.protocol === 'https:')

  const folder = new URL('.', page)
  const origin = `http://${host || page.hostname}${port ? `:${port}` : ''}/`
  const url = new URL(path, elsewhere && URL.canParse(origin) ? origin : folder)
  url.protocol = secure ? 'wss:' : 'ws:'
  url.hash = ''
  return url
}

/** As noVNC reads them: `1`, `true`, or the bare name are true. */
function flag(text: string | null, absent: boolean): boolean {
  if (text === null) return absent
  return !['0', 'false', 'no', 'off'].includes(text.toLowerCase())
}

function resizeOf(text: string | null): Resize {
  return text === 'remote' || text === 'off' ? text : 'scale'
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

function sameMachine(one: string, other: string): boolean {
  return one === other || (loopback.has(one) && loopback.has(other))
}
