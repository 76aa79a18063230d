import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Assignment } from '@vitrine/contract/link.ts'
import type { ProgramFile } from '../files/program-file.ts'
import type { Wish } from './prompts.ts'
import type { Stage } from '../desktop/stage.ts'

type Present = { program: ProgramFile; stage: Stage; emit: (event: AgentEvent) => void }

/** What the model is asked for: the task, or a change of the program as it is now, whoever wrote it. */
export async function wishOf(job: Assignment, { program, stage, emit }: Present): Promise<Wish> {
  const { task, language, followUp } = job
  if (followUp === null) return { task, language, change: undefined }
  if (await stage.hasUnsaved()) {
    const message = `gedit has changes that are not saved. The model sees /output/${program.name} as it is saved; the editor stays open with them.`
    emit({ type: 'log', data: { level: 'warning', message } })
  }
  const text = await program.read()
  if (text !== undefined) return { task, language, change: { program: text, prompt: followUp } }
  const message = `There is no /output/${program.name} to change; the model writes it anew.`
  emit({ type: 'log', data: { level: 'info', message } })
  return { task: `${task}\n\n${followUp}`, language, change: undefined }
}
