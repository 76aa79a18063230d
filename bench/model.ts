import { startScriptedOllama } from '../test/testbed/scripted-ollama.ts'

export const task = 'Write a Python program that prints the squares of the numbers 1 to 10.'

const program = '```python\nfor n in range(1, 11):\n    print(n * n)\n```\n'

export type BenchModel = AsyncDisposable & { url: string; urlInContainer: string }

/**
 * A model server that takes no CPU: half a second until the answer begins, then 100 tokens a second. A container of Docker's
 * default network reaches it too, as host.docker.internal.
 */
export async function startModel(): Promise<BenchModel> {
  const answers = [{ text: program, headerAfterMs: 500, pieceMs: 10 }]
  const scripted = await startScriptedOllama({ host: '0.0.0.0', answers })
  const { port } = new URL(scripted.url)
  return {
    url: `http://127.0.0.1:${port}`,
    urlInContainer: `http://host.docker.internal:${port}`,
    [Symbol.asyncDispose]: () => scripted[Symbol.asyncDispose](),
  }
}
