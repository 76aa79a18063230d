import packageJson from '../../package.json' with { type: 'json' }
import { command } from '../command.ts'
import { harmlessJson } from '../harmless.ts'

export const version = command({
  name: 'version',
  summary: 'Prints the version.',
  arguments: '',
  options: {},
  run: async ({ values }, { out }) => {
    const { version } = packageJson
    out(values.json === true ? `${harmlessJson({ version })}\n` : `vitrine ${version}\n`)
    return 0
  },
})
