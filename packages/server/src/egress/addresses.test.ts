import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { addressRule, isRange } from './addresses.ts'

const why = (address: string, permitted: string[] = []) =>
  addressRule(permitted)({ address, family: address.includes(':') ? 6 : 4 })

const words = (text: string) => text.trim().split(/\s+/)

test.each(
  words(`
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
    127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.88.99.1
    192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
    255.255.255.255 168.63.129.16 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8
    64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1 fc00::1
    fd00:ec2::254 fe80::1 fe80::1%lo fec0::1 ff02::1
  `),
)('%s is not connected to', (address) => expect(why(address)).not.toBeNull())

test.each(
  [
    ['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
    ['128.0.0.1', '169.253.255.255', '172.15.255.255', '172.32.0.0', '192.167.255.255', '198.17.255.255'],
    ['198.20.0.0', '223.255.255.255', '2001:4860:4860::8888', '2606:4700::1111', '2a00:1450::1'],
  ].flat(),
)('%s is public', (address) => expect(why(address)).toBeNull())

test('an operator’s range is permitted, and nothing beside it', () => {
  const permitted = ['10.1.0.0/16', 'fd00:1::/32', '127.0.0.1/32']
  expect(why('10.1.2.3', permitted)).toBeNull()
  expect(why('fd00:1::5', permitted)).toBeNull()
  expect(why('127.0.0.1', permitted)).toBeNull()
  expect(why('10.2.0.1', permitted)).not.toBeNull()
  expect(why('fd00:2::5', permitted)).not.toBeNull()
  expect(why('127.0.0.2', permitted)).not.toBeNull()
  expect(why('::ffff:10.1.2.3', permitted)).not.toBeNull()
})

test('no address of this machine is connected to', () => {
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  expect(own.length).toBeGreaterThan(0)
  for (const { address } of own) expect(why(address)).not.toBeNull()
})

test.each(['10.0.0.0/8', '::1/128', 'fd00::/8', '127.0.0.1/32'])('%s is a range', (text) =>
  expect(isRange(text)).toBe(true),
)
test.each(['10.0.0.0', '10.0.0.0/33', 'a/8', '10.0.0.0/8/8', '::/129', '/8', '10.0.0.0/-1', ''])(
  '%j is none',
  (text) => expect(isRange(text)).toBe(false),
)
