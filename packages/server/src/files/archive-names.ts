const maxPartBytes = 200
const maxParts = 64

/**
 * Names for the files of one archive, made from paths that nobody has checked: relative, no part leads upwards or is a
 * drive, a stream or a control sequence on any system, and no two are the same, also where letters' case does not count.
 */
export function createArchiveNames(): (path: string) => string {
  const used = new Set<string>()
  return (path) => {
    const name = safeName(path)
    for (let copy = 1; ; copy++) {
      const candidate = copy === 1 ? name : numbered(name, copy)
      if (used.has(folded(candidate))) continue
      used.add(folded(candidate))
      return candidate
    }
  }
}

const folded = (name: string) => name.normalize('NFC').toLowerCase()

function safeName(path: string): string {
  const parts = path
    .toWellFormed()
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .map(safePart)
  return parts.slice(-maxParts).join('/') || '_'
}

/** `..` becomes `_`: leaving it out would merge folders. */
function safePart(part: string): string {
  const plain = part.replaceAll(/[\p{Cc}\p{Bidi_Control}\\:]/gu, '_')
  return plain === '..' ? '_' : cut(plain)
}

function cut(part: string): string {
  const bytes = Buffer.alloc(maxPartBytes)
  const { written } = new TextEncoder().encodeInto(part, bytes) // never cuts a character
  return bytes.toString('utf8', 0, written)
}

/** `report.txt` → `report (2).txt` */
function numbered(name: string, copy: number): string {
  const [, start, ending] = /^(.*?[^/])(\.[^./]*)?$/su.exec(name)!
  return `${start} (${copy})${ending ?? ''}`
}
