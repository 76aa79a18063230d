import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CliError } from '../exit.ts'

/** The folder of the project that this command line is part of; undefined inside the server image. */
export function findCheckout(): string | undefined {
  const root = resolve(import.meta.dirname, '../../../..')
  return existsSync(join(root, 'deploy/Dockerfile')) ? root : undefined
}

/** The same where it has to be there: only in it can images be built and servers be started. */
export function checkout(): string {
  const root = findCheckout()
  if (root !== undefined) return root
  throw new CliError(
    'usage',
    'this command needs the project’s folder; in the server’s image use the job commands',
  )
}
