import { command } from '../command.ts'
import { harmlessJson, oneLine } from '../harmless.ts'

export const images = command({
  name: 'images',
  aliases: { 'list-images': [] },
  summary: 'Shows the image that sandboxes are made of.',
  arguments: '',
  options: {},
  run: async ({ values }, { connect, out, signal }) => {
    const { image } = await (await connect()).health({ signal })
    out(
      values.json === true
        ? `${harmlessJson(image, 2)}\n`
        : `${oneLine(image.name)}  ${oneLine(image.message)}\n`,
    )
    return 0
  },
})
