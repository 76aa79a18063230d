import type { ChildProcess } from 'node:child_process'
import { stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { desktopFolder, output, scratch, storyFile } from '../places.ts'
import { desktopDressed, start, windowCount } from './desktop.ts'
import { Driver } from './driver.ts'
import { closeEditor, hasUnsaved } from './editor.ts'
import { isUsed } from './terminal-use.ts'

const openMilliseconds = 5000
/** Who comes with the job sees the desktop before its programs start: in 65 ms, not in 180 while they do. */
const firstLookMilliseconds = 250

/** What the terminal shows: a command with what it printed, or the command itself where it goes on for ever. */
export type Shown = { command: string[]; printed: string | null }

/** The programs that show a job on the desktop. An X server that is started again gets them again. */
export class Stage {
  readonly driver = new Driver()
  readonly #open = new Map<string, ChildProcess>()
  #scene: Scene = () => Promise.resolve()
  /** What the open terminal was opened for. */
  #program: readonly string[] = []

  /**
   * A terminal with the job's story, for the time in which the model works; the folder and the clock beside it. Like `work` it
   * returns early where somebody drives.
   */
  async story(): Promise<void> {
    const scene = this.#next(async (start) => {
      await start('pcmanfm', ['pcmanfm', output])
      await start('xclock', clock)
      await start('story', terminal('vitrine-story', 'Vitrine', ['tail', '-n', '+1', '-F', storyFile]))
    })
    await sleep(firstLookMilliseconds)
    await this.#playUnlessDriven(scene)
  }

  /**
   * What a job leaves: editor (where the file is there), terminal, folder and clock. Each is told to `opened`. Returns early
   * where somebody drives: the rest opens when they let go.
   */
  async work(
    file: string | undefined,
    shown: Shown | undefined,
    opened: (program: string) => void,
  ): Promise<void> {
    const isThere = file !== undefined && (await stat(file).catch(() => undefined))?.isFile() === true
    const shell = terminal('vitrine-terminal', 'Terminal', await bash(shown))
    const told = new Set<string>()
    const scene = this.#next(async (start) => {
      const show = async (name: string, command: string[]) => {
        await start(name, command)
        if (!told.has(name)) opened(name)
        told.add(name)
      }
      this.#open.get('story')?.kill()
      await this.#closeEarlier()
      this.#program = shown?.command ?? []
      if (isThere) await show('gedit', ['gedit', '--standalone', file])
      await show('pcmanfm', ['pcmanfm', output])
      await show('xclock', clock)
      // The terminal comes last: a window that the program opens shall lie above the editor.
      await mapped(isThere ? 3 : 2)
      await show('xterm', shell)
      await mapped(isThere ? 4 : 3)
    })
    await this.#playUnlessDriven(scene)
  }

  /** True where the editor has changes that nobody has saved. */
  async hasUnsaved(): Promise<boolean> {
    const editor = this.#open.get('gedit')
    return editor !== undefined && (await hasUnsaved(editor))
  }

  /** What shows an earlier text of this job goes, unless somebody would lose something with it. */
  async #closeEarlier(): Promise<void> {
    const [editor, shell] = [this.#open.get('gedit'), this.#open.get('xterm')]
    this.#open.delete('gedit')
    this.#open.delete('xterm')
    if (editor) await closeEditor(editor)
    if (shell && !isUsed(shell, this.#program)) shell.kill()
  }

  /** All windows were lost with the X server. */
  async again(): Promise<void> {
    for (const child of this.#open.values()) child.kill()
    this.#open.clear()
    await this.#play(this.#scene)
  }

  /** The job goes on while somebody drives. */
  async #playUnlessDriven(scene: Scene): Promise<void> {
    await Promise.race([this.#play(scene), this.driver.takesOver()])
  }

  #next(scene: Scene): Scene {
    return (this.#scene = scene)
  }

  /** One program after the other, each only while nobody drives: none comes over what somebody does. */
  async #play(scene: Scene): Promise<void> {
    await desktopDressed()
    await this.driver.letsGo()
    // Meanwhile there may be something else to show.
    if (scene === this.#scene)
      await scene(async (name, command) => {
        await this.driver.letsGo()
        if (scene === this.#scene) this.#start(name, command)
      })
  }

  #start(name: string, command: string[]): void {
    const present = this.#open.get(name)
    if (present && present.exitCode === null && present.signalCode === null) return
    this.#open.set(name, start(command, output))
  }
}

type Scene = (start: (name: string, command: string[]) => Promise<void>) => Promise<void>

const handParts = ['hour', 'minute', 'second', 'major', 'minor']
const hands = handParts.flatMap((part) => ['-xrm', `XClock*${part}Color: #2b3a4e`])
const clock = ['xclock', '-update', '1', '-padding', '12', '-bg', '#f4f6f8', ...hands]

const font = ['-fa', 'DejaVu Sans Mono', '-fs', '10']
const colours = ['-bg', '#1d2733', '-fg', '#e6ebf1', '-cr', '#8fb8e8', '-b', '6']

function terminal(name: string, title: string, command: string[]): string[] {
  return ['xterm', '-name', name, '-T', title, ...font, ...colours, '-e', ...command]
}

/** An interactive bash that first shows the command with what it printed, or runs it. */
async function bash(shown: Shown | undefined): Promise<string[]> {
  const shell = ['bash', '--rcfile', `${desktopFolder}/terminal.bashrc`, '-i', '-s']
  if (!shown) return shell
  if (shown.printed === null) return [...shell, 'run', ...shown.command]
  const printed = `${scratch}/printed.txt`
  try {
    await writeFile(printed, shown.printed)
  } catch {
    return shell // A program filled /tmp.
  }
  return [...shell, printed, ...shown.command]
}

/** Waits for so many windows; one that does not come in time is not worth a job. */
async function mapped(count: number): Promise<void> {
  const late = performance.now() + openMilliseconds
  while ((await windowCount()) < count && performance.now() < late) await sleep(50)
}
