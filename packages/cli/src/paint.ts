import { styleText } from 'node:util'

/** Colours text for a terminal; where `colors` is off, leaves it as it is. */
export type Paint = (style: 'green' | 'red' | 'yellow' | 'bold' | 'dim', text: string) => string

export const painter =
  (colors: boolean): Paint =>
  (style, text) =>
    colors && text !== '' ? styleText(style, text, { validateStream: false }) : text
