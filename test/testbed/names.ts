import promises from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Loaded into a server before its own code (`NODE_OPTIONS=--import=…`): names of this machine alone, given as TEST_NAMES, such as
 * `{"docs.example":"127.0.0.1"}`. Tests have neither a name server nor a right to the machine's hosts file.
 */
const names = JSON.parse(process.env['TEST_NAMES'] ?? '{}') as Record<string, string>
const lookup = promises.lookup as (name: string, options: object) => Promise<unknown>
Object.assign(promises, {
  lookup: async (name: string, options: object) => {
    const address = names[name]
    return address === undefined ? lookup(name, options) : [{ address, family: 4 }]
  },
})
syncBuiltinESMExports()
