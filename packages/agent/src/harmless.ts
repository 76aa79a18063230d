/**
 * Text that cannot act on a terminal: C0 and C1 controls and bidirectional overrides (UAX #9) are shown as `\x1b` or
 * `\u202e`; tabs and line ends stay.
 */
export function harmless(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (sign) => {
      const code = sign.codePointAt(0) ?? 0
      return code < 0x100
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : `\\u${code.toString(16).padStart(4, '0')}`
    },
  )
}
