import type { Command } from './command.ts'
import { backup } from './commands/backup.ts'
import { cancel } from './commands/cancel.ts'
import { cp } from './commands/cp.ts'
import { doctor } from './commands/doctor.ts'
import { down } from './commands/down.ts'
import { events } from './commands/events.ts'
import { extend } from './commands/extend.ts'
import { files } from './commands/files.ts'
import { helpOn } from './commands/help.ts'
import { images } from './commands/images.ts'
import { logs } from './commands/logs.ts'
import { ls } from './commands/ls.ts'
import { models } from './commands/models.ts'
import { open } from './commands/open.ts'
import { prompt } from './commands/prompt.ts'
import { restart } from './commands/restart.ts'
import { rm } from './commands/rm.ts'
import { run } from './commands/run.ts'
import { sandboxes } from './commands/sandboxes.ts'
import { shell } from './commands/shell.ts'
import { status } from './commands/status.ts'
import { stop } from './commands/stop.ts'
import { tokens } from './commands/tokens.ts'
import { test } from './commands/test.ts'
import { up } from './commands/up.ts'
import { version } from './commands/version.ts'

const working = [
  up,
  down,
  run,
  prompt,
  ls,
  status,
  logs,
  open,
  shell,
  files,
  cp,
  stop,
  restart,
  cancel,
  rm,
  extend,
  events,
  models,
  tokens,
  sandboxes,
  images,
  doctor,
  backup,
  test,
  version,
]

/** All commands, in the order in which help lists them. */
export const commands: readonly Command[] = [...working, helpOn(working)]
