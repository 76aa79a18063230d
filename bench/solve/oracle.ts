import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import type { Language } from '@vitrine/contract/job.ts'
import { extractPrograms } from '@vitrine/agent/extract/extract.ts'
import { isExcerpt } from '@vitrine/agent/extract/borders.ts'
import { docker, image } from '../docker.ts'
import type { SolveTask } from './tasks.ts'

export type Oracle = AsyncDisposable & {
  /** Whether this text, run as it is, prints what the task wants. */
  isRight(program: string, task: SolveTask): Promise<boolean>
  /** Whether any program that can be found in an answer is right, found in many ways, the product's among them. */
  holdsRight(answer: string, task: SolveTask): Promise<boolean>
}

/** Judges programs by itself, apart from the agent's judge, in a container without a network. */
export async function startOracle(): Promise<Oracle> {
  const name = `vitrine-oracle-${randomUUID().slice(0, 8)}`
  const limits = [
    '--network',
    'none',
    '--cap-drop',
    'ALL',
    '--user',
    '10001',
    '--memory',
    '1g',
    '--pids-limit',
    '256',
  ]
  await docker('run', '-d', '--rm', '--name', name, ...limits, '--entrypoint', 'sleep', image, 'infinity')
  const known = new Map<string, Promise<boolean>>()

  function isRight(program: string, { language, stdout }: SolveTask): Promise<boolean> {
    return known.getOrInsertComputed(`${language} ${stdout} ${program}`, async () => {
      const child = spawn(
        'docker',
        ['exec', '-i', name, 'bash', '-c', `set -o pipefail; ${commands[language]}`],
        { stdio: ['pipe', 'pipe', 'ignore'] },
      )
      child.stdin.on('error', () => {}).end(program)
      const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
      const printed = await text(child.stdout)
      return (await exited) === 0 && folded(printed) === folded(stdout)
    })
  }
  return {
    isRight,
    async holdsRight(answer, task) {
      for (const program of programsIn(answer, task.language)) if (await isRight(program, task)) return true
      return false
    },
    async [Symbol.asyncDispose]() {
      await docker('rm', '-f', name)
    },
  }
}

const commands: Record<Language, string> = {
  python: 'cat > /tmp/$$.py && timeout -s KILL 10 python3 /tmp/$$.py < /dev/null | head -c 100000',
  javascript: 'cat > /tmp/$$.js && timeout -s KILL 10 node /tmp/$$.js < /dev/null | head -c 100000',
  bash: 'cat > /tmp/$$.sh && timeout -s KILL 10 bash /tmp/$$.sh < /dev/null | head -c 100000',
}

/**
 * All of it where it has no fences, each fenced block, all of them together, and what the product reads; but no piece of
 * another one that leaves out code.
 */
function programsIn(answer: string, language: Language): string[] {
  const blocks = [...answer.matchAll(/```[^\n]*\n([^]*?)(?:\n```|$)/g)].map(([, code = '']) => code)
  const whole = blocks.length > 0 ? [...blocks, blocks.join('\n')] : [answer]
  const all = [...new Set([...whole, ...extractPrograms(answer, language)])]
  return all.filter((program) => !all.some((other) => isExcerpt(program, other, language)))
}

/** As a check with normalised whitespace compares. */
export const folded = (printed: string) =>
  printed
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .join('\n')
    .trim()
