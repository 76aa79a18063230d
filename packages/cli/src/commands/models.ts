import { command } from '../command.ts'
import { harmlessJson, oneLine } from '../harmless.ts'
import { table } from '../table.ts'

export const models = command({
  name: 'models',
  summary: 'Lists the models that jobs can use.',
  arguments: '',
  options: {},
  run: async ({ values }, { connect, out, signal }) => {
    const list = await (await connect()).models.list({ signal })
    const rows = list.map(({ name, bytes, loaded, default: isDefault, capabilities }) => [
      oneLine(name),
      `${Math.round(bytes / 1e6)} MB`,
      [isDefault ? 'default' : '', loaded ? 'loaded' : '', ...capabilities]
        .filter((word) => word !== '')
        .join(', '),
    ])
    out(values.json === true ? `${harmlessJson(list, 2)}\n` : table([['NAME', 'SIZE', ''], ...rows]))
    return 0
  },
})
