import { setTimeout as sleep } from 'node:timers/promises'
import type { Health, Vitrine } from '@vitrine/sdk/vitrine.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { ending, exitCodes } from '../exit.ts'
import { harmlessJson, oneLine } from '../harmless.ts'
import { painter } from '../paint.ts'
import { findCheckout } from '../setup/checkout.ts'
import { freeBytes } from '../setup/disk.ts'
import { answers } from '../setup/docker.ts'
import { advice, findEngine } from '../setup/engine.ts'
import { imageState } from '../setup/image.ts'

/** One link of the chain. `ok: null` means that it could not be looked at. */
type Finding = { what: string; ok: boolean | null; message: string; fix?: string }

/** How long a server that has just started gets to load its model and to make a sandbox ready. */
const patience = 20_000

export const doctor = command({
  name: 'doctor',
  summary: 'Looks at every part that a job needs, and tells how to mend what is broken.',
  arguments: '',
  options: {},
  run: async ({ values }, context) => {
    const findings = [...(await hostFindings(context)), ...(await serverFindings(context))]
    const broken = findings.some(({ ok }) => ok === false)
    if (values.json === true) context.out(`${harmlessJson({ ok: !broken, findings }, 2)}\n`)
    else for (const finding of findings) context.out(line(finding, context.colors))
    return broken ? exitCodes.failed.code : exitCodes.ok.code
  },
})

async function hostFindings(context: Context): Promise<Finding[]> {
  if (findCheckout() === undefined) return []
  const { stateDir, environment, signal } = context
  const free = Math.floor((await freeBytes(stateDir)) / 2 ** 20)
  const disk = {
    what: 'disk',
    ok: free >= 500,
    message: `${free} MiB are free at ${stateDir}`,
    fix: 'Make room: jobs need 500 MiB. ./vitrine rm --state failed,canceled deletes what is not needed.',
  }
  const engine = await findEngine(context)
  if (!answers(engine)) {
    const { message } = await advice(engine, environment)
    return [disk, { what: 'engine', ok: false, message: 'no Docker Engine answers', fix: message }]
  }
  const image = await imageState(engine, environment['VITRINE_IMAGE'] ?? 'vitrine-sandbox', signal)
  return [
    disk,
    { what: 'engine', ok: true, message: `Docker ${engine.version} at ${engine.host}` },
    {
      what: 'image',
      ok: image === 'current',
      message: `the sandbox image is ${image}`,
      fix: './vitrine up builds it.',
    },
  ]
}

async function serverFindings({ connect, signal }: Context): Promise<Finding[]> {
  try {
    const vitrine = await connect()
    const health = await settled(vitrine, signal)
    const { engine, model, image } = health
    return [
      { what: 'server', ok: true, message: `version ${health.version}` },
      {
        what: 'server → engine',
        ok: engine.ok,
        message: engine.message,
        fix: 'Start the Docker Engine; ./vitrine up does it.',
      },
      { what: 'server → image', ok: image.ok, message: image.message, fix: './vitrine up builds it.' },
      { what: 'model', ok: model.ok, message: `${model.name}: ${model.message}`, fix: modelFix },
      sandbox(health),
    ]
  } catch (error) {
    signal.throwIfAborted()
    return [{ what: 'server', ok: false, message: ending(error).message, fix: './vitrine up starts it.' }]
  }
}

/** A sandbox counts as ready once its link stands, which carries the model's gateway, and its desktop's banner was read. */
async function settled(vitrine: Vitrine, signal: AbortSignal): Promise<Health> {
  const end = performance.now() + patience
  while (true) {
    const health = await vitrine.health({ signal })
    const { ready, busy, poolSize } = health.sandboxes
    const done = health.model.ok && (ready + busy > 0 || poolSize === 0)
    if (done || !health.engine.ok || !health.image.ok || performance.now() > end) return health
    await sleep(500, undefined, { signal })
  }
}

function sandbox({ sandboxes: { ready, busy, poolSize } }: Health): Finding {
  const what = 'sandbox, link and desktop'
  if (ready + busy > 0) return { what, ok: true, message: `${ready} ready, ${busy} busy` }
  if (poolSize === 0) return { what, ok: null, message: 'not looked at: no sandboxes wait ready (--pool 0)' }
  const fix = 'The server’s log (server.log in the state directory) and docker logs of the sandbox tell why.'
  return { what, ok: false, message: `none became ready within ${patience / 1000} s`, fix }
}

const modelFix = 'Start the Ollama, or ./vitrine down and ./vitrine up to look for a model again.'

function line({ what, ok, message, fix }: Finding, colors: boolean): string {
  const paint = painter(colors)
  const mark = ok === null ? paint('yellow', '–') : ok ? paint('green', '✓') : paint('red', '✗')
  const advice = ok === false && fix !== undefined ? `    ${oneLine(fix)}\n` : ''
  return `${mark} ${what}: ${oneLine(message)}\n${advice}`
}
