import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The living processes that belong to a program: those of its process group, and those that carry its mark. */
export function members(group: number | undefined, mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => belongs(pid, group, mark))
}

/** The arguments of every living process that descends from this one. */
export function descendants(pid: number): { pid: number; command: string[] }[] {
  const parents = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const children = parents.map(Number).filter((child) => parentOf(child) === pid)
  return children.flatMap((child) => [{ pid: child, command: commandOf(child) }, ...descendants(child)])
}

function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

const commandOf = (pid: number) => read(`/proc/${pid}/cmdline`).split('\0').slice(0, -1)

/**
 * Ends the group, and those that left it: they still carry the mark. All are stopped before any is killed, because a
 * program that forks on is faster than whoever kills one by one.
 */
export function endAll(group: number | undefined, mark: string): void {
  const stopped = new Set<number>()
  for (let round = 0; round < 50; round += 1) {
    const running = members(group, mark).filter((pid) => !stopped.has(pid))
    if (running.length === 0) break
    for (const pid of running) {
      send('SIGSTOP', pid)
      stopped.add(pid)
    }
  }
  for (const pid of stopped) send('SIGKILL', pid)
}

/** True where one of these processes listens on a TCP port. */
export function listens(pids: readonly number[]): boolean {
  const listening = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap(listeningInodes))
  return listening.size > 0 && pids.some((pid) => sockets(pid).some((inode) => listening.has(inode)))
}

function send(signal: 'SIGSTOP' | 'SIGKILL', pid: number): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended meanwhile.
  }
}

/** proc(5), /proc/pid/stat: after the name in parentheses come state, parent and process group. */
function belongs(pid: number, group: number | undefined, mark: string): boolean {
  const stat = read(`/proc/${pid}/stat`)
  const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (state === undefined || state === 'Z' || state === 'X') return false
  if (group !== undefined && Number(itsGroup) === group) return true
  return read(`/proc/${pid}/environ`).includes(`VITRINE_RUN=${mark}`)
}

/** proc(5), /proc/net/tcp: the fourth field is the state, 0A for listening; the tenth is the inode. */
function listeningInodes(path: string): string[] {
  return read(path)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A')
    .map((fields) => fields[9] ?? '')
}

function sockets(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1]
      return inode ? [inode] : []
    })
  } catch {
    return [] // It ended meanwhile.
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
