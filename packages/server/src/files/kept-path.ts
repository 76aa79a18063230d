const maxPathBytes = 4096

/**
 * Why a path from a sandbox is not kept, or null. What is kept is relative, with `/`, and names one thing in one way;
 * it is only ever a key of an index: no path from a sandbox becomes a path of the host.
 */
export function whyNotKept(path: string): string | null {
  if (path === '') return 'its path is empty'
  if (path.includes('\0')) return 'its path contains a NUL character'
  if (!path.isWellFormed()) return 'its path is not valid Unicode'
  if (Buffer.byteLength(path) > maxPathBytes) return `its path is longer than ${maxPathBytes} bytes`
  if (path.startsWith('/')) return 'its path is absolute'
  const parts = path.split('/')
  if (parts.includes('..')) return 'its path leads upwards'
  if (parts.includes('.') || parts.includes('')) return 'its path has empty parts'
  return null
}
