import type { Readable } from 'node:stream'
import type { JobEvent } from '@vitrine/contract/event.ts'

export type ReplayPageOptions = {
  title: string
  run: number
  events: readonly JobEvent[]
  /** The player that packages/web builds for this page. */
  player: { script: string; style: string }
  records: Readable
}

/** Nothing is loaded from anywhere: what the page needs is in it. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

/** One page that holds a recording, the events of its run and their player. It comes in pieces, as the recording is read. */
export async function* replayPage({
  title,
  run,
  events,
  player,
  records,
}: ReplayPageOptions): AsyncGenerator<Buffer> {
  yield Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Vitrine replay</title>
<link rel="icon" href="data:,">
<style>${player.style.replaceAll('</', '<\\/')}</style>
</head>
<body>
<div id="replay"></div>
<script type="application/json" id="about">${inScript({ title, run, events })}</script>
<script type="text/plain" id="recording">`)
  yield* base64(records)
  yield Buffer.from(`</script>
<script type="module">${player.script.replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`)
}

/** JSON in which nothing ends a script element, whatever a task or a model wrote (WHATWG HTML, 4.12.1.3). */
const inScript = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c')

/** Three bytes at a time make whole characters; what is left over waits for the next chunk. */
async function* base64(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk])
    const whole = bytes.length - (bytes.length % 3)
    rest = bytes.subarray(whole)
    yield Buffer.from(bytes.toString('base64', 0, whole))
  }
  yield Buffer.from(rest.toString('base64'))
}
