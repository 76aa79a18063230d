import type { AgentEvent } from '@vitrine/contract/event.ts'
import type { Check, CheckResult } from '@vitrine/contract/job.ts'
import type { Assignment } from '@vitrine/contract/link.ts'

/** What a script works with. `signal` aborts when the work is canceled or the agent ends. */
export type FakeWork = {
  assignment: Assignment
  /** Where the gateway answers plain HTTP/1.1, as for a real agent. */
  socketPath: string
  signal: AbortSignal
  tell: (event: AgentEvent) => void
  save: (path: string, content: string) => void
}

/** Plays an agent's part in a job: tells events and saves files, until the verdict. */
export type FakeScript = (work: FakeWork) => Promise<void>

/** The default script: one candidate that passes every check. For an assignment to `show`, only the desktop's windows. */
export const writeAndPass: FakeScript = async ({ assignment, tell, save }) => {
  const windows = () => {
    tell({ type: 'job.phase', data: { phase: 'opening' } })
    tell({ type: 'desktop.window', data: { program: 'gedit' } })
  }
  if (assignment.mode === 'show') return windows()

  const candidate = 1
  const path = 'program.py'
  const program = 'print("done")\n'
  const text = `\`\`\`python\n${program}\`\`\`\n`
  tell({ type: 'job.phase', data: { phase: 'generating' } })
  tell({
    type: 'candidate.started',
    data: {
      candidate,
      style: 'chat',
      kind: 'first',
      model: assignment.model,
      temperature: 0.2,
      seed: 1,
      thinks: false,
    },
  })
  tell({ type: 'candidate.text', data: { candidate, text } })
  tell({
    type: 'candidate.finished',
    data: { candidate, tokensIn: 20, tokensOut: 10, seconds: 0.1, doneReason: 'stop', program },
  })
  save(path, program)
  tell({ type: 'file.saved', data: { path, bytes: program.length } })
  tell({ type: 'job.phase', data: { phase: 'checking' } })
  const checks = checksOf(assignment.check).map(passed)
  for (const result of checks) {
    tell({ type: 'check.started', data: { candidate, check: result.check } })
    tell({ type: 'check.finished', data: { candidate, result } })
  }
  windows()
  const outcome = assignment.check ? 'passed' : 'ran'
  tell({
    type: 'verdict',
    data: { verdict: { outcome, program: path, candidate: 1, candidates: 1, checks }, reason: null },
  })
}

const passed = (check: CheckResult['check']): CheckResult => ({
  check,
  passed: true,
  exitCode: 0,
  timedOut: false,
  seconds: 0.01,
  output: check === 'compiles' ? '' : 'done\n',
})

function checksOf(check: Check | null): CheckResult['check'][] {
  if (!check) return ['compiles', 'runs']
  const own = 'stdout' in check ? 'stdout' : 'tests' in check ? 'tests' : 'command'
  return ['compiles', 'runs', own]
}
