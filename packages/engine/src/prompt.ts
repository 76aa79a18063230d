import { Template } from '@huggingface/jinja'
import { EngineError } from './errors.ts'
import type { Message } from './protocol.ts'

const CHATML = `{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}<|im_start|>assistant
`

export interface Prompt {
  text: string
  /** The template already opened a `<think>` block, so the answer begins inside it. */
  opensThinking: boolean
}

/**
 * The chat template of a GGUF file; ChatML where an instruction model names none; empty for a base model.
 *
 * @param metadata the file's metadata
 * @param name the name the model is served under
 */
export function chatTemplateOf(metadata: { tokenizer: object; general: object }, name: string): string {
  if ('chat_template' in metadata.tokenizer && typeof metadata.tokenizer.chat_template === 'string') {
    return metadata.tokenizer.chat_template
  }
  const names = [name, ...Object.entries(metadata.general).map(([key, value]) => `${key} ${String(value)}`)]
  return names.some((text) => /\b(instruct|chat)\b/i.test(text)) ? CHATML : ''
}

/** Whether the template belongs to a model that thinks before it answers. */
export function thinks(template: string): boolean {
  return template.includes('enable_thinking') || template.includes('<think>')
}

/**
 * Puts messages into the form that the model was trained on; a base model gets the bare texts.
 * @throws EngineError 400 when the template refuses the messages, such as a role that it does not know
 */
export function renderChat(
  template: string,
  messages: readonly Message[],
  { think, bos, eos }: { think: boolean; bos: string; eos: string },
): Prompt {
  if (template === '') {
    return { text: messages.map(({ content }) => content).join('\n\n'), opensThinking: false }
  }
  const text = render(template, {
    messages,
    add_generation_prompt: true,
    enable_thinking: think,
    bos_token: bos,
    eos_token: eos,
  })
  return { text, opensThinking: text.trimEnd().endsWith('<think>') }
}

function render(template: string, values: Record<string, unknown>): string {
  try {
    return new Template(template).render(values)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EngineError(400, `messages: the model's chat template refuses them: ${reason}`)
  }
}
