import type { Language } from '@vitrine/contract/job.ts'

/** How a model sends a program. `tag` is the word that it writes behind a fence. */
export type Wrap = (program: string, tag: string, language: Language) => string
