import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { attachment } from './download.ts'

test.each([
  ['report.py', `attachment; filename="report.py"; filename*=UTF-8''report.py`],
  ['a "b"\\c.txt', `attachment; filename="a _b__c.txt"; filename*=UTF-8''a%20%22b%22%5Cc.txt`],
  [
    'x\r\nSet-Cookie: a=b',
    `attachment; filename="x__Set-Cookie: a=b"; filename*=UTF-8''x%0D%0ASet-Cookie%3A%20a%3Db`,
  ],
  ['%2e%2e%2f', `attachment; filename="_2e_2e_2f"; filename*=UTF-8''%252e%252e%252f`],
  [
    'naïve 日本 😀.txt',
    `attachment; filename="na_ve __ _.txt"; filename*=UTF-8''na%C3%AFve%20%E6%97%A5%E6%9C%AC%20%F0%9F%98%80.txt`,
  ],
  [`it's (1)*.txt`, `attachment; filename="it's (1)*.txt"; filename*=UTF-8''it%27s%20%281%29%2A.txt`],
  ['', `attachment; filename="download"; filename*=UTF-8''download`],
])('%j is offered under a name that cannot end the header', (name, header) => {
  expect(attachment(name)).toBe(header)
})

test('whatever the name, the header is one line of ASCII whose extended form decodes to the name', () => {
  const units = fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(units, (codes) => {
      const name = String.fromCharCode(...codes)
      const header = attachment(name)
      const parts = /^attachment; filename="([\x20-\x7e]+)"; filename\*=UTF-8''([\w!#$&+.^`|~%-]+)$/.exec(
        header,
      )
      expect(parts).not.toBeNull()
      expect(parts![1]).not.toMatch(/["\\%]/)
      expect(decodeURIComponent(parts![2]!)).toBe(name.toWellFormed())
    }),
  )
})

test('a very long name is cut between characters', () => {
  expect(attachment('😀'.repeat(5000)).length).toBeLessThan(4000)
})
