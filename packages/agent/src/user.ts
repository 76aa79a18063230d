import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { home, output } from './places.ts'

const agentId = 10001

/**
 * Only `docker run vitrine-sandbox "task"` starts as root, because a mounted /output belongs to whoever made it. The agent
 * then goes on as that user, or as its own where that is root, and gets there by starting itself again: a process
 * that changed its user may not read its own /proc.
 */
export function stopBeingRoot(): void {
  if (process.getuid?.() !== 0) return
  const owner = statSync(output)
  const uid = owner.uid === 0 ? agentId : owner.uid
  const gid = owner.uid === 0 ? agentId : owner.gid
  if (owner.uid === 0) chownSync(output, uid, gid)
  chownSync(home, uid, gid)
  nameUser(uid, gid)
  process.setgroups?.([])
  process.setgid?.(gid)
  process.setuid?.(uid)
  process.execve?.(
    process.execPath,
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    process.env,
  )
}

/** Programs ask for the name of their user: the entry of `agent` gets the ids. */
function nameUser(uid: number, gid: number): void {
  const entry = `agent:x:${uid}:${gid}:Agent:${home}:/bin/bash`
  const others = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('agent:'))
  writeFileSync('/etc/passwd', `${[entry, ...others].join('\n')}\n`)
}
