import { readdir, readFile, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { linkSocket, type Assignment } from '@vitrine/contract/link.ts'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import { languages } from '@vitrine/agent/languages.ts'
import { output } from '@vitrine/agent/places.ts'
import { solve } from '@vitrine/agent/policy/policy.ts'
import { ProgramFile } from '@vitrine/agent/files/program-file.ts'
import type { Solved } from './solver.ts'

/** Runs in a sandbox's container: takes assignments as lines of JSON, solves each as the agent does, answers in lines. */
for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line) as Assignment
  const events: Solved['events'] = []
  const emit = (event: AgentEvent) => events.push(event)
  const name = `the_program.${languages[job.language].extension}`
  const program = new ProgramFile(name, new Set(), emit)
  const wish = { task: job.task, language: job.language, change: undefined }
  const { verdict, reason, run } = await solve(
    job,
    { address: { socketPath: linkSocket }, program, wish, repetition: undefined, emit },
    new AbortController().signal,
  )
  const told = events.filter(({ type }) => type !== 'candidate.text' && type !== 'candidate.thinking')
  const text = verdict.program === null ? null : await readFile(`${output}/${verdict.program}`, 'utf8')
  const solved: Solved = { verdict, reason, program: text, stdout: run?.stdout ?? null, events: told }
  console.log(JSON.stringify(solved))
  for (const name of await readdir(output)) await rm(`${output}/${name}`, { recursive: true })
}
