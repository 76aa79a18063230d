/**
 * Callers that each make one model call after the other: for each `Load` that comes as a line of JSON on standard input it
 * prints a line of `Timing[]`, one for each call.
 */
import { Agent, request, type RequestOptions } from 'node:http'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { clock } from '../clock.ts'

export type Load = {
  /** One caller for each: a socket's path or a URL. */
  targets: string[]
  callsEach: number
  /** Calls of each caller that are not measured: the first opens its connection. */
  warmUp: number
  tokens: number
  model: string
  /** Leave each call this many milliseconds after its first bytes; 0 reads it to its end. */
  leaveAfter: number
  /** Each call comes this many milliseconds at most after the one before, by chance: callers do not wait for each other. */
  apart: number
}

/**
 * Milliseconds on the clock. What a model server of the benchmark tells of itself is part of it: when the call came
 * (`received`), and when it wrote its first and last lines.
 */
export type Timing = {
  /** The target's number. */
  caller: number
  status: number
  began: number
  received: number
  firstWrote: number
  firstRead: number
  lastWrote: number
  ended: number
  /** Tokens that were read. */
  tokens: number
}

console.log('ready')
for await (const line of createInterface(process.stdin)) {
  const load = JSON.parse(line) as Load
  const perCaller = await Promise.all(load.targets.map((target, caller) => callInTurn(load, target, caller)))
  console.log(JSON.stringify(perCaller.flat()))
}

async function callInTurn(load: Load, target: string, caller: number): Promise<Timing[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const options: RequestOptions = target.startsWith('/')
    ? { socketPath: target, agent }
    : { hostname: new URL(target).hostname, port: new URL(target).port, agent }
  const timings: Timing[] = []
  for (let n = 0; n < load.warmUp + load.callsEach; n++) {
    if (load.apart > 0) await sleep(Math.random() * load.apart)
    const timing = await call(load, options)
    if (n >= load.warmUp) timings.push({ caller, ...timing })
  }
  agent.destroy()
  return timings
}

function call(load: Load, options: RequestOptions): Promise<Omit<Timing, 'caller'>> {
  const body = JSON.stringify({
    model: load.model,
    prompt: 'Write a Python program that prints the squares of the numbers 1 to 10.',
    options: { num_predict: load.tokens, temperature: 0, seed: 1, num_ctx: 2048 },
  })
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const began = clock()
    let firstRead = 0
    let text = ''
    const outgoing = request({ ...options, method: 'POST', path: '/api/generate', headers }, (answer) => {
      const end = () => {
        const ended = clock()
        resolve({ status: answer.statusCode ?? 0, began, firstRead, ended, ...told(text) })
      }
      answer.on('data', (chunk: Buffer) => {
        firstRead ||= clock()
        text += chunk.toString('latin1')
        if (load.leaveAfter > 0) setTimeout(() => outgoing.destroy(), load.leaveAfter)
      })
      answer.on('end', end)
      answer.on('error', load.leaveAfter > 0 ? end : reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function told(text: string): Pick<Timing, 'received' | 'firstWrote' | 'lastWrote' | 'tokens'> {
  const all = [...text.matchAll(/"received":([\d.]+),"wrote":([\d.]+)/g)]
  const [, received = 0, firstWrote = 0] = (all[0] ?? []).map(Number)
  const tokens = text.match(/"done":false/g)?.length ?? 0
  return { tokens, received, firstWrote, lastWrote: Number(all.at(-1)?.[2] ?? 0) }
}
