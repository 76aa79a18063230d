import { readFileSync } from 'node:fs'

// Loaded into a server before all else: its wall clock is off by as many milliseconds as the file CLOCK_FILE says now.
const RealDate = Date
const now = () => RealDate.now() + Number(readFileSync(process.env['CLOCK_FILE']!, 'utf8'))

globalThis.Date = new Proxy(RealDate, {
  construct: (target, values) => Reflect.construct(target, values.length === 0 ? [now()] : values) as object,
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})
