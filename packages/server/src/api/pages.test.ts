import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { startServer } from '../testing/start-server.ts'

test('pages may connect to their own host only, at any port, and hold nothing inline', async () => {
  await using server = await startServer()
  const policy = (await fetch(server.url)).headers.get('content-security-policy')!
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
  expect(policy).toContain("connect-src 'self' ws://localhost:* wss://localhost:*;")
  expect(policy).not.toContain('unsafe')
})

test('assets are sent compressed to those who take it, and plain to others', async () => {
  await using server = await startServer()
  const read = async (headers: Record<string, string>) => {
    const [response] = (await once(get(`${server.url}assets/app.js`, { headers }), 'response')) as [
      IncomingMessage,
    ]
    return { encoding: response.headers['content-encoding'], body: await buffer(response) }
  }
  const plain = await read({})
  const packed = await read({ 'accept-encoding': 'br, gzip' })
  expect([plain.encoding, packed.encoding]).toEqual([undefined, 'gzip'])
  expect(gunzipSync(packed.body)).toEqual(plain.body)
})

test.each(['', 'new', 'models', 'settings', 'doctor', 'jobs/job-0123456789ab'])(
  '/%s is the app for those who are signed in, and tells others how to',
  async (path) => {
    await using server = await startServer()
    const signedIn = { headers: { authorization: `Bearer ${server.token}` } }
    expect(await (await fetch(server.url + path, signedIn)).text()).toContain('index.html')
    const refused = await fetch(server.url + path)
    expect(refused.status).toBe(401)
    expect(await refused.text()).toContain('signed-out.html')
  },
)
