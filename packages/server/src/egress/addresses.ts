import type { LookupAddress } from 'node:dns'
import { BlockList, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Says why an address may not be connected to; null where it may. */
export type AddressRule = (address: LookupAddress) => string | null

/**
 * Only what is public on the Internet may be connected to, and what the operator permits beyond (`permitted`: ranges such as
 * 10.0.0.0/8). This machine’s own public addresses may not: from here its firewall would let everything through.
 */
export function addressRule(permitted: readonly string[]): AddressRule {
  const permits = blockList(permitted)
  return ({ address, family }) => {
    const type = family === 6 ? 'ipv6' : 'ipv4'
    // A BlockList would look at the IPv4 address in it, and connecting goes there too.
    if (type === 'ipv6' && mapped.check(address, 'ipv6')) return 'an IPv4 address in the guise of IPv6'
    if (permits.check(address, type)) return null
    if (type === 'ipv4' ? special.check(address, 'ipv4') : !isPublicV6(address)) return 'not a public address'
    return isOwn(address) ? 'an address of this machine' : null
  }
}

/** True for `10.0.0.0/8`, `fd00::/8` and the like. */
export function isRange(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/')
  if (more.length > 0 || !/^\d{1,3}$/.test(bits)) return false
  try {
    new BlockList().addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6')
    return true
  } catch {
    return false
  }
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    list.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6')
  }
  return list
}

/** What the IANA registry of special-purpose addresses calls not globally reachable, multicast, and Azure’s metadata. */
const special = blockList(
  [
    ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
    ['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
    ['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32'],
  ].flat(),
)

const mapped = blockList(['::ffff:0:0/96'])

/** RFC 4291 and IANA: global unicast, less documentation, protocol assignments (Teredo), and 6to4, which hold IPv4 addresses. */
const global6 = blockList(['2000::/3'])
const special6 = blockList(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'])
const isPublicV6 = (address: string) => global6.check(address, 'ipv6') && !special6.check(address, 'ipv6')

const isOwn = (address: string) =>
  Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === address))
