import { EgressHost } from '@vitrine/contract/egress.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openEgress } from '../testing/open-egress.ts'
import { covers, isAbout, parseRule } from './rules.ts'
import { targetOf } from './target.ts'

/** Ways to write a host that is not the one that was allowed, or no host at all. */
const attacks = [
  'allowed.example@evil.example',
  'evil.example@allowed.example',
  'allowed.example:80@evil.example',
  'allowed.example.evil.example',
  'evilallowed.example',
  'allowed.example.',
  'allowed.example..',
  '.allowed.example',
  'allowed..example',
  'allowed.example%00.evil.example',
  'allowed.example%2eevil.example',
  'allowed.example\\evil.example',
  'allowed.example\tevil.example',
  'allowed.example,evil.example',
  'allowed_example',
  '*.example',
  'аllowed.example', // Cyrillic а
  'allowed。example',
  'ａllowed.example',
  'xn--llowed-8nf.example',
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0177.0.0.1',
  '017700000001',
  '0x7f000001',
  '0x7f.1',
  '127.0.0.1.',
  '127.0.0.1.nip.example',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[fe80::1%25eth0]',
  '::1',
  'localhost',
  'metadata.google.internal',
  '169.254.169.254',
  '',
  ' ',
  'a'.repeat(300),
  `${'a'.repeat(64)}.example`,
]

test.each(attacks)('%j is refused, as a tunnel and plainly, and stands in the ledger', async (host) => {
  const egress = await openEgress({ hosts: ['allowed.example'], names: {} })
  const bytes = (line: string) => Buffer.from(line).toString('latin1')
  const tunnel = await egress.raw(bytes(`CONNECT ${host}:443 HTTP/1.1\r\nHost: allowed.example:443\r\n\r\n`))
  const plain = await egress.raw(
    bytes(`GET http://${host}/ HTTP/1.1\r\nHost: allowed.example\r\nConnection: close\r\n\r\n`),
  )
  // What is no HTTP at all is refused by the parser, before there is a host to write down.
  for (const answer of [tunnel, plain]) expect(answer).toMatch(/^HTTP\/1\.1 40[03] /)
  expect(egress.resolved).toEqual([])
  const refused = [tunnel, plain].filter((answer) => answer.includes('Vitrine')).length
  const { lines } = await egress.ledger()
  expect(lines.map(({ allowed, count }) => ({ allowed, count }))).toEqual(
    Array.from({ length: refused }, () => ({ allowed: false, count: 1 })),
  )
})

test.each([
  'allowed.example:22',
  'allowed.example:0',
  'allowed.example:65536',
  'allowed.example:http',
  'allowed.example',
])('CONNECT %s is refused', async (target) => {
  const egress = await openEgress({ hosts: ['allowed.example'] })
  expect((await egress.tunnel(target)).head).toMatch(/^HTTP\/1\.1 40[03] /)
  expect((await egress.ledger()).lines).toMatchObject([{ allowed: false, count: 1 }])
})

test.each([
  'https://allowed.example/',
  'ftp://allowed.example/',
  'file:///etc/passwd',
  'gopher://allowed.example/',
])('GET %s is refused', async (url) => {
  const egress = await openEgress({ hosts: ['allowed.example'] })
  expect(await egress.raw(`GET ${url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 400 /,
  )
  expect((await egress.ledger()).lines).toMatchObject([{ allowed: false, host: expect.any(String) }])
})

test('whatever a target looks like, only a name that a URL would read the same way comes out', () => {
  const piece = fc.constantFrom(
    'allowed',
    'example',
    '.',
    ':',
    '@',
    '/',
    '?',
    '#',
    '\\',
    '0x7f',
    '127',
    '80',
    '[',
    ']',
    '%',
    'é',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const url = `http://${pieces.join('')}`
      const target = targetOf('GET', url)
      if ('why' in target) return
      const read = new URL(url)
      expect(target).toMatchObject({ host: read.hostname, port: Number(read.port || 80) })
      expect(read.username).toBe('')
    }),
    { numRuns: 5000 },
  )
})

describe('the hosts that a job asks for', () => {
  test.each([
    ['docs.example.org', 'docs.example.org'],
    ['Docs.Example.ORG', 'docs.example.org'],
    ['*.example.org', '*.example.org'],
    ['mirror', 'mirror'],
    ['docs.example.org:8080', 'docs.example.org:8080'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ])('%j is %j', (given, kept) => expect(EgressHost.parse(given)).toBe(kept))

  test.each([
    '',
    '*',
    '*.org',
    '*.',
    'a.*.org',
    '**.example.org',
    'http://example.org',
    'example.org/',
    'example.org.',
    '127.0.0.1',
    '0x7f.1',
    '[::1]',
    '10',
    'bücher.example',
    'a b',
    'a@b.example',
    'example.org:0',
    'example.org:65536',
    'example.org:',
    'a_b.example',
    '-a.example',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(130)}example`,
  ])('%j is none', (given) => expect(EgressHost.safeParse(given).success).toBe(false))

  test('a wildcard is about every name below, and not about itself', () => {
    const rule = parseRule('*.example.org')
    expect(['a.example.org', 'a.b.example.org'].every((host) => isAbout(rule, host))).toBe(true)
    expect(['example.org', 'aexample.org', 'example.org.evil'].some((host) => isAbout(rule, host))).toBe(
      false,
    )
  })

  test.each([
    ['*.example.org', 'a.example.org', true],
    ['*.example.org', '*.a.example.org', true],
    ['*.example.org', '*.example.org', true],
    ['*.example.org', 'example.org', false],
    ['*.example.org', '*.aexample.org', false],
    ['example.org', '*.example.org', false],
    ['example.org', 'example.org:443', true],
    ['example.org', 'example.org:8080', false],
    ['example.org:443', 'example.org', false],
    ['example.org:8080', 'example.org:8080', true],
  ])('%s permits %s: %s', (permitted, wanted, yes) =>
    expect(covers(parseRule(permitted), parseRule(wanted))).toBe(yes),
  )
})
