/** In longer code texts are not looked for: that may need the square of its length. */
export const textBytes = 20_000
/** What is looked at of a line: some expressions need the square of a line's length. */
export const lineStart = 400
