import {
  startScriptedOllama,
  type ScriptedAnswer,
  type ScriptedOllama,
  type ScriptedRefusal,
  type ScriptedRequest,
} from './scripted-ollama.ts'

export type Play = string | ScriptedAnswer | ScriptedRefusal

export type Stories = ScriptedOllama & {
  /** What the model answers to a task, in order, each as soon as it is there; the last answer stays. */
  answer(task: string, ...plays: (Play | Promise<Play>)[]): void
  /** The generations asked for a task so far. */
  asked(task: string): ScriptedRequest[]
}

/** A scripted Ollama whose answers depend on the task, so that jobs can run side by side. */
export async function startStories(otherwise: Play = 'There is no answer.'): Promise<Stories> {
  const plays = new Map<string, (Play | Promise<Play>)[]>()
  const asked = new Map<string, ScriptedRequest[]>()
  const ollama = await startScriptedOllama({
    models: [{ name: 'qwen3:0.6b', capabilities: ['completion'], template: '{{ .Messages }}' }],
    answers: (request) => {
      const task = taskOf(request)
      const nth = asked.getOrInsertComputed(task, () => []).push(request)
      const [...known] = plays.get(task) ?? [otherwise]
      return known[Math.min(nth, known.length) - 1] ?? otherwise
    },
  })
  return {
    ...ollama,
    answer: (task, ...answers) => void plays.set(task, answers),
    asked: (task) => asked.get(task) ?? [],
  }
}

/** A program as models answer with it. */
export const program = (code: string): string => `Here it is:\n\n\`\`\`python\n${code}\n\`\`\`\n`

function taskOf({ body }: ScriptedRequest): string {
  const messages = body['messages'] as { role: string; content: string }[] | undefined
  return messages?.find(({ role }) => role === 'user')?.content ?? ''
}
