import { onTestFinished } from 'vitest'
import { startSandbox, type TestSandbox } from './sandbox.ts'
import { startScriptedOllama, type ScriptedOllama } from './scripted-ollama.ts'

type Script = Parameters<typeof startScriptedOllama>[0]

/** A sandbox whose model answers by the script; both are gone after the test. */
export async function sandboxWith(script: Script): Promise<{ box: TestSandbox; ollama: ScriptedOllama }> {
  const ollama = await startScriptedOllama(script)
  onTestFinished(() => ollama[Symbol.asyncDispose]())
  const box = await startSandbox(ollama.url)
  onTestFinished(() => box[Symbol.asyncDispose]())
  return { box, ollama }
}

/** An answer as models give them. */
export const fenced = (program: string, tag = 'python') =>
  `Here it is:\n\`\`\`${tag}\n${program}\n\`\`\`\nEnjoy!`

export const squares = 'for i in range(1, 11):\n    print(i * i)'
/** What it prints. */
export const printed = '1\n4\n9\n16\n25\n36\n49\n64\n81\n100\n'
