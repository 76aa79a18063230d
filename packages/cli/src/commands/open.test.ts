import { describe, expect, test } from 'vitest'
import { sampleJob } from '@vitrine/sdk/test-server.ts'
import { startTestCli } from '../test-context.ts'
import { id, withEvents } from '../test-handlers.ts'

describe('open', () => {
  test('without a job prints a link that signs a browser in', async () => {
    const url = 'http://localhost:7080/sign-in/x'
    await using lab = await startTestCli({ createSignInLink: () => ({ url }) })
    expect(await lab.run(['open'])).toMatchObject({ code: 0, out: `${url}\n` })
    expect(JSON.parse((await lab.run(['open', '--json'])).out)).toEqual({ signIn: url })
  })

  test('opens a closed desktop again and waits until it is live', async () => {
    const closed = { state: 'closed', url: null, expiresAt: null } as const
    let opened = false
    let asked = 0
    await using lab = await startTestCli({
      getJob: () => (!opened ? sampleJob({ desktop: closed }) : ++asked < 2 ? opening() : sampleJob()),
      openJob: () => {
        opened = true
        return opening()
      },
      followEvents: withEvents(
        { type: 'desktop.state', data: { from: 'live', to: 'closed', message: null } },
        { type: 'desktop.state', data: { from: 'opening', to: 'live', message: null } },
      ),
      createSignInLink: () => ({ url: 'http://localhost:7080/sign-in/x' }),
    })
    const opening = () => sampleJob({ desktop: { ...closed, state: 'opening' } })
    expect(await lab.run(['start-job', id])).toMatchObject({
      code: 0,
      out: 'http://localhost:6080/vnc.html\n',
    })
  })

  test('ends with 3 where the desktop closes instead', async () => {
    const closed = { state: 'closed', url: null, expiresAt: null } as const
    await using lab = await startTestCli({
      getJob: () => sampleJob({ desktop: closed }),
      openJob: () => sampleJob({ desktop: { ...closed, state: 'opening' } }),
      followEvents: withEvents({
        type: 'desktop.state',
        data: { from: 'opening', to: 'closed', message: 'x' },
      }),
    })
    expect(await lab.run(['open', id])).toMatchObject({ code: 3 })
  })
})
