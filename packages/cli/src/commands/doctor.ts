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

/** One link of the chain. */
type Finding = { what: string; ok: boolean; message: string; fix?: string | null }

/** How long a server that has just started gets to load its model and to make a sandbox ready. */
const patience = 20_000

export const doctor = command({
  name: 'doctor',
  summary: 'Looks at every part that a job needs, and tells how to mend what is broken.',
  arguments: '',
  options: {},
  run: async ({ values }, context) => {
    const findings = [...(await hostFindings(context)), ...(await serverFindings(context))]
    const broken = findings.some(({ ok }) => !ok)
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
    const { engine, model, image, disk, sandbox } = health
    return [
      { what: 'server', ok: true, message: `version ${health.version}` },
      { what: 'server → engine', ...engine },
      { what: 'server → image', ...image },
      { what: 'server → disk', ...disk },
      { ...model, what: 'model', message: `${model.name}: ${model.message}` },
      { what: 'sandbox, link and desktop', ...sandbox },
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
    const done = health.model.ok && health.sandbox.ok
    if (done || !health.engine.ok || !health.image.ok || performance.now() > end) return health
    await sleep(500, undefined, { signal })
  }
}

function line({ what, ok, message, fix }: Finding, colors: boolean): string {
  const paint = painter(colors)
  const mark = ok ? paint('green', '✓') : paint('red', '✗')
  const advice = !ok && fix ? `    ${oneLine(fix)}\n` : ''
  return `${mark} ${what}: ${oneLine(message)}\n${advice}`
}
