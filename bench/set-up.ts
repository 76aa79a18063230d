import { ensureEngine } from '../packages/cli/src/setup/engine.ts'
import { ensureImage } from '../packages/cli/src/setup/image.ts'
import { reportTo } from '../packages/cli/src/report.ts'
import { stateDirectory } from '../packages/cli/src/state.ts'
import { image } from './docker.ts'

/** Sees to it that an engine answers, and that the image and the web pages are made of what the sources say now. */
export async function setUp(): Promise<void> {
  const environment = process.env
  const context = {
    environment,
    stateDir: stateDirectory(environment),
    report: reportTo(process.stderr),
    signal: new AbortController().signal,
  }
  await ensureImage(await ensureEngine(context), image, context)
}
