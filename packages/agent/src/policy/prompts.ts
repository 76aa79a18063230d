import type { Language } from '@vitrine/contract/job.ts'
import type { Generation, ModelFacts } from '../model-server.ts'
import { languages } from '../languages.ts'

export type StyleName = 'chat' | 'completion'

/** What went wrong with a program before, in the words that a model gets. */
export type Failure = { program: string; complaint: string }

/** What a model is asked for: a program for a task, or that the program that is there be changed. */
export type Wish = {
  task: string
  language: Language
  change: { program: string; prompt: string } | undefined
}

type Style = {
  prompt: (wish: Wish, failure: Failure | undefined) => Generation
  /** What stands in the prompt already and belongs to the answer. */
  begun: (language: Language) => string
}

/** How a model can be asked for a program. All prompts of a job share their beginning, which model servers cache. */
export const styles: Record<StyleName, Style> = {
  chat: {
    begun: () => '',
    prompt: ({ task, language, change }, failure) => ({
      path: '/api/chat',
      body: {
        messages: [
          { role: 'system', content: instruction(language) },
          { role: 'user', content: task },
          ...(change
            ? [
                { role: 'assistant', content: fenced(change.program, language) },
                { role: 'user', content: `${change.prompt}\nWrite the whole changed program.` },
              ]
            : []),
          ...(failure
            ? [
                { role: 'assistant', content: fenced(failure.program, language) },
                { role: 'user', content: `${failure.complaint}\nWrite the whole corrected program.` },
              ]
            : []),
        ],
      },
    }),
  },

  completion: {
    begun: (language) => opening(language),
    prompt: ({ task, language, change }, failure) => ({
      path: '/api/generate',
      body: {
        raw: true,
        prompt: [
          `${languages[language].name} programs. Each one is whole, runs as it is and prints its result.\n\n`,
          ...languages[language].examples.map(
            ({ task, program }) => `${shown(task, language)}${program}\n\`\`\`\n\n`,
          ),
          shown(task, language),
          ...(change
            ? [
                `${lines(change.program)}\`\`\`\n\n`,
                `Now: ${change.prompt}\nThe changed program:\n`,
                opening(language),
              ]
            : []),
          ...(failure
            ? [
                `${failure.program}\`\`\`\n\n`,
                `${failure.complaint}\nThe corrected program:\n`,
                opening(language),
              ]
            : []),
        ].join(''),
        options: { stop: ['\n```', '\nTask:'] },
      },
    }),
  },
}

/** All that a prompt holds of a wish. */
export const wishText = ({ task, change }: Wish): string =>
  change ? [task, change.program, change.prompt].join('\n') : task

/** The styles for a model, the better one first: a model without a chat template was never taught to answer. */
export function stylesFor({ template, capabilities }: ModelFacts, model: string): StyleName[] {
  const taught = template.trim() !== '' && template.trim() !== '{{ .Prompt }}'
  const isBase = /(^|[-:_/])(base|pt|text)([-:_.]|$)/i.test(model)
  if (isBase || (!taught && !capabilities.includes('tools'))) return ['completion']
  return ['chat', 'completion']
}

function instruction(language: Language): string {
  const { name, fences } = languages[language]
  return [
    `You write complete ${name} programs that run as they are.`,
    `Answer with one \`\`\`${fences[0]} block that holds the whole program, and nothing else.`,
    'The program asks for no input, uses only the standard library unless told otherwise, and prints its results.',
  ].join('\n')
}

const opening = (language: Language) => `\`\`\`${languages[language].fences[0]}\n`
const fenced = (program: string, language: Language) => `${opening(language)}${lines(program)}\`\`\``
const lines = (program: string) => (program.endsWith('\n') ? program : `${program}\n`)
const shown = (task: string, language: Language) => `Task: ${task}\n${opening(language)}`
