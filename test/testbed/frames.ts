import type { TestSandbox } from './sandbox.ts'

export type Frame = { left: number; top: number; right: number; bottom: number }

/** Where the windows of the desktop are, with their frames. */
export async function frames(box: TestSandbox): Promise<Frame[]> {
  const list = await box.exec('xprop', '-display', ':1', '-root', '_NET_CLIENT_LIST').catch(() => '')
  const ids = list.match(/0x[0-9a-f]+/g) ?? []
  const facts = ids.map((id) => box.exec('xwininfo', '-display', ':1', '-frame', '-id', id))
  return (await Promise.all(facts)).map((text) => {
    const number = (name: string) => Number(new RegExp(`${name}:\\s+(-?\\d+)`).exec(text)?.[1])
    const [left, top] = [number('Absolute upper-left X'), number('Absolute upper-left Y')]
    return { left, top, right: left + number('Width'), bottom: top + number('Height') }
  })
}
