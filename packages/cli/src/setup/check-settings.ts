import { join } from 'node:path'
import type { Context } from '../context.ts'
import { CliError } from '../exit.ts'
import { checkout } from './checkout.ts'
import { execute } from './execute.ts'
import { runningServer } from './server.ts'
import { settingOfFlag, type Settings } from './settings.ts'

/** Asks the server's own code whether it would start with these settings: a typing error must not cost minutes of set-up. */
export async function checkSettings(
  given: Settings,
  { environment, stateDir, signal }: Pick<Context, 'environment' | 'stateDir' | 'signal'>,
): Promise<void> {
  const before = (await runningServer(stateDir))?.started?.settings
  const { code, output } = await execute(
    process.execPath,
    [join(checkout(), 'packages/server/src/check-config.ts')],
    { environment: { ...environment, ...before, ...given, VITRINE_STATE_DIR: stateDir }, signal },
  )
  if (code !== 0) throw new CliError('usage', withFlags(output))
}

/** People who wrote a flag are told of the flag too. */
const withFlags = (text: string) =>
  Object.entries(settingOfFlag).reduce(
    (told, [flag, setting]) => told.replaceAll(`${setting}:`, `${setting} (--${flag}):`),
    text,
  )
