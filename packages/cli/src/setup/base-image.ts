import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SetUpContext } from '../context.ts'
import { CliError } from '../exit.ts'
import { canInstall, debianFamily, install } from './debian.ts'
import { execute, mustExecute } from './execute.ts'

const baseImage = 'debian:trixie-slim'

/** How long a registry may take to say its first word; after that the download has its own time. */
const firstWord = 20_000
const download = 10 * 60_000

/** Sees to it that the base image is there: pulls it, or, where no registry answers, makes it from Debian's archive. */
export async function ensureBaseImage(
  docker: NodeJS.ProcessEnv,
  { report, signal }: SetUpContext,
): Promise<void> {
  if ((await execute('docker', ['image', 'inspect', baseImage], { environment: docker, signal })).code === 0)
    return
  report.say(`Pulling ${baseImage} …`)
  if (await pull(docker, signal)) return
  report.say(`No registry answers; making ${baseImage} from Debian’s archive (about half a minute) …`)
  await ensureMmdebstrap({ report, signal })
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-base-'))
  try {
    const tar = join(folder, 'base.tar')
    const args = ['--variant=minbase', '--include=ca-certificates', 'trixie', tar]
    const onLine = (line: string) => report.update(line)
    await mustExecute('mmdebstrap', args, `${baseImage} could not be made`, { signal, onLine })
    const imported = ['import', '--change', 'CMD ["bash"]', tar, baseImage]
    await mustExecute('docker', imported, `${baseImage} could not be imported`, {
      environment: docker,
      signal,
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function pull(docker: NodeJS.ProcessEnv, signal: AbortSignal): Promise<boolean> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), firstWord)
  const heard = () => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(), download)
  }
  try {
    const bounded = AbortSignal.any([signal, silence.signal])
    const { code } = await execute('docker', ['pull', baseImage], {
      environment: docker,
      signal: bounded,
      onLine: heard,
    })
    return code === 0
  } catch (error) {
    signal.throwIfAborted()
    if (silence.signal.aborted) return false
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function ensureMmdebstrap(context: Pick<SetUpContext, 'report' | 'signal'>): Promise<void> {
  const ubuntu = (await debianFamily()) === 'ubuntu'
  if (!ubuntu && (await execute('mmdebstrap', ['--version'], context)).code === 0) return
  if (!(await canInstall())) {
    throw new CliError(
      'trouble',
      `${baseImage} can be neither pulled nor made here. Run docker pull ${baseImage} where a registry answers, or install mmdebstrap.`,
    )
  }
  // Ubuntu does not trust Debian's archive by itself.
  await install(['mmdebstrap', ...(ubuntu ? ['debian-archive-keyring'] : [])], context)
}
