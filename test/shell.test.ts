import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { sharedServer } from './testbed/shared-server.ts'
import { program } from './testbed/stories.ts'

const root = join(import.meta.dirname, '..')
const { server } = await sharedServer({}, program('print("shown")'))

/** `./vitrine shell` with these lines typed into it, on no terminal of its own: what it prints, and its exit code. */
async function shell(id: string, ...lines: string[]) {
  const env = { ...process.env, VITRINE_URL: server.url, VITRINE_TOKEN: server.token }
  const child = spawn(join(root, 'vitrine'), ['shell', id], { env })
  const printed = text(child.stdout)
  const noted = text(child.stderr)
  child.stdin.end(lines.map((line) => `${line}\n`).join(''))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, printed: await printed, noted: await noted }
}

test('vitrine shell opens a shell in the job’s sandbox, opens a closed desktop again for it, and ends with it', async () => {
  const { id } = await server.vitrine.jobs.create({ task: 'Show something.' })
  await server.reach(id, 'succeeded')
  const first = await shell(id, 'echo "typed $((40 + 2))" | tee typed.txt', 'printf "\\e]52;c;b3duZWQ=\\a"')
  expect(first).toMatchObject({ code: 0, printed: expect.stringContaining('typed 42') as string })
  // What would set the clipboard of the terminal that it runs in is taken out.
  expect(first.printed).not.toContain('\x1b]52')
  expect(first.noted).toContain(`The shell in ${id} has ended.`)
  expect(await (await server.vitrine.jobs.files.read(id, 'typed.txt')).text()).toBe('typed 42\n')

  await server.vitrine.jobs.stop(id)
  await server.reach(id, ({ desktop }) => desktop.state === 'closed')
  const second = await shell(id, 'cat typed.txt', 'exit')
  expect(second).toMatchObject({ code: 0, printed: expect.stringContaining('typed 42') as string })
  expect((await server.vitrine.jobs.get(id)).desktop.state).toBe('live')
})
