import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { egressHelp } from '../egress.ts'
import { CliError } from '../exit.ts'
import { harmlessJson } from '../harmless.ts'
import { connect } from '../connection.ts'
import { checkSettings } from '../setup/check-settings.ts'
import type { Engine } from '../setup/docker.ts'
import { ensureEngine } from '../setup/engine.ts'
import { ensureImage } from '../setup/image.ts'
import { findModel } from '../setup/model.ts'
import { endProcess } from '../setup/process.ts'
import { codeHash, makeStateDirectory, runningServer, startServer } from '../setup/server.ts'
import { givenSettings, type Settings } from '../setup/settings.ts'
import { watchJob } from '../watch-job.ts'

export const up = command({
  name: 'up',
  summary: 'Sets up what is missing and starts the server; with a task, also runs it and shows its desktop.',
  arguments: '[task]',
  options: {
    model: { type: 'string', help: 'the model that jobs use (default qwen3:0.6b)' },
    'model-file': { type: 'string', value: 'file', help: 'a GGUF model, served by the embedded engine' },
    port: { type: 'string', value: 'number', help: 'the server’s port (default 7080)' },
    host: {
      type: 'string',
      value: 'address',
      help: 'where it listens (default 127.0.0.1: only this machine)',
    },
    pool: { type: 'string', value: 'number', help: 'sandboxes that wait ready (default 1)' },
    concurrency: { type: 'string', value: 'number', help: 'jobs at the same time' },
    'desktop-ports': {
      type: 'string',
      value: 'from-to',
      help: 'a port for each desktop (default 6080-6179), or off',
    },
    egress: { type: 'string', multiple: true, value: 'host', help: egressHelp },
    'oci-runtime': { type: 'string', value: 'name', help: 'a runtime that the engine knows, such as runsc' },
  },
  run: async ({ values, positionals: [task] }, context) => {
    const { 'model-file': modelFile, egress, ...flags } = values
    if (egress && task === undefined) throw new CliError('usage', '--egress is for a task; there is none')
    const file = modelFile === undefined ? {} : { 'model-file': resolve(modelFile) }
    const given = givenSettings({ ...flags, ...file }, context.environment)
    if (given['VITRINE_MODEL_FILE'] !== undefined) await checkModelFile(given['VITRINE_MODEL_FILE'])
    await checkSettings(given, context)
    if (task?.trim() === '') throw new CliError('usage', 'the task is empty')
    await makeStateDirectory(context.stateDir)
    const engine = await ensureEngine(context)
    await ensureImage(engine, given['VITRINE_IMAGE'] ?? 'vitrine-sandbox', context)
    await ensureServer(given, engine, context)

    const vitrine = await connect({}, context.stateDir)
    const signIn = await vitrine.signInLink({ signal: context.signal })
    if (task === undefined) {
      context.out(
        values.json === true ? `${harmlessJson({ signIn })}\n` : `Vitrine runs. Sign in: ${signIn}\n`,
      )
      return 0
    }
    context.report.say(`Sign in: ${signIn}`)
    const job = await vitrine.jobs.create(
      { task, ...(egress && { egress }) },
      { idempotencyKey: crypto.randomUUID(), signal: context.signal },
    )
    context.report.say(job.id)
    return watchJob(vitrine, job, values.json === true, context)
  },
})

/** A typing error in a file's name must not cost minutes of set-up. Every GGUF file begins with these letters. */
async function checkModelFile(path: string): Promise<void> {
  const unreadable = (error: Error) => {
    throw new CliError('usage', `the model file cannot be read: ${error.message}`, { cause: error })
  }
  await using file = await open(path).catch(unreadable)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0).catch(unreadable)
  if (buffer.toString('latin1', 0, bytesRead) !== 'GGUF')
    throw new CliError('usage', `${path} is no GGUF file, which the embedded engine needs`)
}

/** Leaves a server alone that is what is wanted; starts one, or starts it anew, where it is not. */
async function ensureServer(given: Settings, engine: Engine, context: Context): Promise<void> {
  const { report, stateDir } = context
  const running = await runningServer(stateDir)
  if (running && !running.started) {
    report.say(
      `A server that something else started runs already (process ${running.pid}, ${running.url}); it is used.`,
    )
    return
  }
  const before = running?.started?.settings ?? {}
  if (running?.started) {
    const changed = Object.entries(given).filter(([name, value]) => before[name] !== value)
    const stale = running.started.code !== (await codeHash())
    if (changed.length === 0 && !stale) return
    const why = stale ? 'its code has changed' : `${changed.map(([name]) => name).join(', ')} changed`
    report.say(`The server is started anew (${why}); sandboxes and jobs go on.`)
  }
  const settings = { ...before, ...given, ...(await modelSettings(before, given, context)) }
  if (running) await endProcess(running.pid)
  announce(settings, context)
  try {
    await startServer(settings, engine, context)
  } catch (error) {
    // A mistake in a flag must not take away a server that ran.
    if (running && !context.signal.aborted) {
      report.say('The server does not start that way; it is started again as it was.')
      await startServer(before, engine, context)
    }
    throw error
  }
}

/** A model is looked for at the first start, and again when another one is asked for. */
async function modelSettings(before: Settings, given: Settings, context: Context): Promise<Settings> {
  if (given['VITRINE_MODEL_SERVERS'] !== undefined) return {}
  const { VITRINE_MODEL: model, VITRINE_MODEL_FILE: modelFile } = given
  const asked = model !== before['VITRINE_MODEL'] && model !== undefined
  const askedFile = modelFile !== before['VITRINE_MODEL_FILE'] && modelFile !== undefined
  if (before['VITRINE_MODEL_SERVERS'] !== undefined && !asked && !askedFile) return {}
  return findModel({ model, modelFile }, context)
}

function announce({ VITRINE_HOST: host = '127.0.0.1' }: Settings, { report }: Context): void {
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return
  report.say(
    `Warning: on ${host} others can reach the server. They need the token to use it; but without TLS before it, who shares the network can listen in. Set VITRINE_PUBLIC_URL to the address that they use.`,
  )
}
