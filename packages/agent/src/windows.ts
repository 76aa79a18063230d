import type { ChildProcess } from 'node:child_process'
import { chmod, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentEvent } from '@vitrine/contract/event.ts'
import { start, windowCount } from './desktop.ts'
import { desktopFolder, output, scratch, storyFile } from './places.ts'

const openMilliseconds = 5000
const font = ['-fa', 'DejaVu Sans Mono', '-fs', '10']
const colours = ['-bg', '#1d2733', '-fg', '#e6ebf1', '-cr', '#8fb8e8', '-b', '6']

/** What the terminal shows: what the program printed, or the program itself where it goes on for ever. */
export type Shown = { command: string[]; printed: string | null }

/** A terminal with the job's story, for the time in which the model works; and the folder and the clock beside it. */
export async function openStory(): Promise<ChildProcess> {
  await writeFile(storyFile, '', { flag: 'a' })
  start(['pcmanfm', output])
  start(clock)
  const tail = ['tail', '-n', '+1', '-f', storyFile]
  return start(['xterm', '-name', 'vitrine-story', '-T', 'Vitrine', ...font, ...colours, '-e', ...tail])
}

/** The desktop that a job leaves: editor, terminal, folder and clock, each seen whole. */
export async function openWork(
  file: string | undefined,
  shown: Shown | undefined,
  story: ChildProcess | undefined,
  emit: (event: AgentEvent) => void,
): Promise<void> {
  const exists = file !== undefined && (await stat(file).catch(() => undefined))?.isFile()
  const terminal = [
    'xterm',
    '-name',
    'vitrine-terminal',
    '-T',
    'Terminal',
    ...font,
    ...colours,
    '-e',
    ...(await shell(shown)),
  ]
  const before = await windowCount()
  const opened: [string, string[]][] = [
    ...(exists ? [['gedit', ['gedit', '--standalone', file]] as [string, string[]]] : []),
    ['xterm', terminal],
    ...(story
      ? []
      : ([
          ['pcmanfm', ['pcmanfm', output]],
          ['xclock', clock],
        ] as [string, string[]][])),
  ]
  for (const [, command] of opened) start(command, output)
  const wanted = before + opened.length
  const late = performance.now() + openMilliseconds
  while ((await windowCount()) < wanted && performance.now() < late) await sleep(50)
  story?.kill()
  const programs = new Set([...opened.map(([program]) => program), ...(story ? ['pcmanfm', 'xclock'] : [])])
  for (const program of programs) emit({ type: 'desktop.window', data: { program } })
}

const hands = ['hour', 'minute', 'second', 'major', 'minor'].flatMap((part) => [
  '-xrm',
  `XClock*${part}Color: #2b3a4e`,
])
const clock = ['xclock', '-update', '1', '-padding', '12', '-bg', '#f4f6f8', ...hands]

/** An interactive bash that first shows the command with what it printed, or runs it. */
async function shell(shown: Shown | undefined): Promise<string[]> {
  const bash = ['bash', '--rcfile', `${desktopFolder}/terminal.bashrc`, '-i', '-s']
  if (!shown) return bash
  if (shown.printed === null) return [...bash, 'run', ...shown.command]
  const printed = `${scratch}/printed.txt`
  await writeFile(printed, shown.printed)
  await chmod(printed, 0o600)
  return [...bash, printed, ...shown.command]
}
