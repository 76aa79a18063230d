import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const image = process.env['VITRINE_IMAGE'] ?? 'vitrine-sandbox'

/** `docker …` → the lines that it printed. */
export async function docker(...args: string[]): Promise<string[]> {
  const { stdout } = await run('docker', args)
  return stdout.split('\n').filter((line) => line !== '')
}
