import { createWriteStream, openAsBlob, type Stats } from 'node:fs'
import { mkdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import type { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { command } from '../command.ts'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import { findJob } from '../find-job.ts'
import { harmlessJson, oneLine } from '../harmless.ts'

export const cp = command({
  name: 'cp',
  summary:
    'Copies a job’s files here (<job>:<path> one file or folder, <job>: all, to - prints one file), or a file into its live sandbox.',
  arguments: '<job>:<path>|<file> <dest>|<job>:<path>',
  options: {},
  run: async ({ values, positionals: [source = '', dest = ''] }, context) => {
    const into = inJob(dest)
    if (into && (await isFile(source))) return put(source, into, values.json === true, context)
    const [given, path] = inJob(source) ?? []
    if (given === undefined || path === undefined) {
      const problem = into ? `there is no file ${oneLine(source)}` : `${oneLine(source)} names no job`
      throw new CliError(
        'usage',
        `${problem}; write <job>:<path> <folder>, or <file> <job>:<path> to copy into the sandbox`,
      )
    }
    const { connect, out, signal } = context
    const vitrine = await connect()
    const id = await findJob(vitrine, given, signal)
    const copies = await plan(vitrine, id, path.replace(/\/+$/, ''), dest, signal)
    for (const { from, to, inside } of copies) {
      const { body } = await vitrine.jobs.files.read(id, from, { signal })
      const content = Readable.from(body ?? [])
      if (dest === '-') for await (const chunk of content) out(chunk as Uint8Array)
      else await save(content, to, inside, signal)
    }
    if (dest === '-') return 0
    const copied = copies.map(({ to }) => to)
    out(
      values.json === true
        ? `${harmlessJson({ copied }, 2)}\n`
        : copied.map((to) => `${oneLine(to)}\n`).join(''),
    )
    return 0
  },
})

/** `<job>:<path>`; a path on this machine that has a colon can be written with `./` before it. */
function inJob(text: string): [job: string, path: string] | undefined {
  const [, job, path] = /^([^:/]+):(.*)$/s.exec(text) ?? []
  return job === undefined || path === undefined ? undefined : [job, path]
}

/** To a path that is empty or ends with a slash the file goes under its own name. */
async function put(
  source: string,
  [given, path]: [string, string],
  json: boolean,
  { connect, out, signal }: Context,
): Promise<number> {
  const vitrine = await connect()
  const id = await findJob(vitrine, given, signal)
  const to = (path === '' || path.endsWith('/') ? path + basename(source) : path).replace(
    /^(\/output)?\//,
    '',
  )
  await vitrine.jobs.files.write(id, to, await openAsBlob(source), { signal })
  out(json ? `${harmlessJson({ copied: [to] }, 2)}\n` : `${id}:${oneLine(to)}\n`)
  return 0
}

type Copy = { from: string; to: string; inside: string }

async function plan(
  vitrine: Vitrine,
  id: string,
  path: string,
  dest: string,
  signal: AbortSignal,
): Promise<Copy[]> {
  const all = (await vitrine.jobs.files.list(id, { signal })).files.map((file) => file.path)
  if (all.includes(path)) {
    const into = dest.endsWith('/') || (await isFolder(dest))
    return [
      { from: path, to: into ? within(dest, basename(path)) : dest, inside: into ? dest : dirname(dest) },
    ]
  }
  const chosen = path === '' ? all : all.filter((file) => file.startsWith(`${path}/`))
  if (chosen.length === 0) {
    const what = path === '' ? 'no files' : `no file ${oneLine(path)}; ./vitrine files ${id} lists them`
    throw new CliError('notFound', `${id} has ${what}`)
  }
  if (dest === '-') throw new CliError('usage', 'only one file can be printed; name a folder to copy to')
  const start = path === '' ? '' : `${path}/`
  return chosen.map((from) => ({ from, to: within(dest, from.slice(start.length)), inside: dest }))
}

/** A job chooses its files' names; none of them may lead out of the folder that the user chose. */
function within(folder: string, path: string): string {
  const to = join(folder, path)
  const out =
    path === '' || path.includes('\0') || path.split(/[/\\]/).some((part) => part === '..' || part === '.')
  if (out || leavesUpwards(relative(folder, to))) {
    throw new CliError(
      'trouble',
      `the file name ${harmlessJson(path)} would lead out of ${folder}; nothing was copied`,
    )
  }
  return to
}

const leavesUpwards = (path: string) => path === '..' || path.startsWith(`..${sep}`) || path === ''

async function save(content: Readable, to: string, inside: string, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  const [folder, border] = await Promise.all([realpath(dirname(to)), realpath(inside)])
  if (folder !== border && leavesUpwards(relative(border, folder))) {
    throw new CliError(
      'trouble',
      `${oneLine(dirname(to))} is a link that leads out of ${inside}; not written`,
    )
  }
  if (await isFolder(to)) throw new CliError('usage', `${oneLine(to)} is a folder`)
  // Renaming replaces a link where writing would follow it; and no half file is left behind.
  const part = join(folder, `.vitrine-${crypto.randomUUID()}.part`)
  try {
    await pipeline(content, createWriteStream(part, { flags: 'wx' }), { signal })
    await rename(part, join(folder, basename(to)))
  } finally {
    await rm(part, { force: true })
  }
}

const isFolder = async (path: string) => (await found(path))?.isDirectory() ?? false
const isFile = async (path: string) => (await found(path))?.isFile() ?? false

function found(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
