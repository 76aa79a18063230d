import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { CliError } from './exit.ts'
import { readServerFile, readToken } from './state.ts'

/** A client of the server that VITRINE_URL and VITRINE_TOKEN name, or of the one on this state directory. */
export async function connect(
  environment: Readonly<Record<string, string | undefined>>,
  stateDir: string,
): Promise<Vitrine> {
  const url = environment['VITRINE_URL'] || (await readServerFile(stateDir))?.url
  if (url === undefined) {
    throw new CliError('unreachable', `no server runs on ${stateDir}; start it with ./vitrine up`)
  }
  if (!URL.canParse(url)) throw new CliError('usage', `VITRINE_URL is not an address: ${url}`)
  const token = environment['VITRINE_TOKEN'] || (await readToken(stateDir))
  return new Vitrine({ url, ...(token !== undefined && { token }) })
}
