import { mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { output, scratch } from '../places.ts'
import { runProgram, type Ended, type RunOptions } from './run-program.ts'

/** Runs a pytest file. Its report must be there too: a program that leaves early ends pytest with exit code 0. */
export async function runTests(path: string, tests: string, options: RunOptions): Promise<Ended> {
  const folder = `${scratch}/tests`
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder}/test_program.py`, tests)
  await symlink(path, `${folder}/program${basename(path).endsWith('.py') ? '.py' : ''}`)
  const report = `${folder}/report.xml`
  const ended = await runProgram(
    [
      'python3',
      '-m',
      'pytest',
      '-q',
      '--no-header',
      '-p',
      'no:cacheprovider',
      `--junitxml=${report}`,
      `${folder}/test_program.py`,
    ],
    { ...options, env: { PYTHONPATH: folder, PROGRAM: path }, cwd: output },
  )
  const reported = await stat(report).catch(() => undefined)
  if (reported || ended.exitCode !== 0) return ended
  return { ...ended, exitCode: 1, all: `${ended.all}\nThe program ended pytest before it could report.` }
}
