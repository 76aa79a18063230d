const maxCharacters = 200

/**
 * The value of Content-Disposition for a download (RFC 6266), whatever the name holds: the plain form has printable ASCII
 * only, the extended one is percent-encoded (RFC 8187), so that no name ends the header or its quotes. Always an
 * attachment: a browser must not show what a sandbox made.
 */
export function attachment(name: string): string {
  const whole = Array.from(name.toWellFormed()).slice(0, maxCharacters).join('') || 'download'
  const plain = whole.replaceAll(/[^\x20-\x7e]|["\\%]/gu, '_')
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeExtended(whole)}`
}

/** `encodeURIComponent` leaves a few characters that are not among RFC 8187's attr-char. */
const encodeExtended = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
