import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Reason, Verdict } from '@vitrine/contract/job.ts'
import type { Assignment } from '@vitrine/contract/link.ts'
import { z } from 'zod'
import { listFiles, readOutput, writeOutput } from '../files/files.ts'
import { candidateFolder } from './keep.ts'
import { output } from '../places.ts'
import { version } from '../version.ts'

const path = '.vitrine/job.json'

const Output = z.object({ path: z.string(), bytes: z.int(), sha256: z.string() })
const Account = z.object({
  runs: z.array(
    z.looseObject({
      run: z.int(),
      model: z.object({ name: z.string(), digest: z.string().nullable() }),
      outputs: z.array(Output),
    }),
  ),
})
export type Account = z.infer<typeof Account>

/** What the runs before in this sandbox, and a run that is repeated, have told of themselves. */
export async function readAccount(): Promise<Account> {
  const text = await readFile(`${output}/${path}`, 'utf8').catch(() => '')
  try {
    return Account.parse(JSON.parse(text))
  } catch {
    return { runs: [] } // There is none, or somebody changed it.
  }
}

export type Ended = {
  began: Date
  modelDigest: string | null
  verdict: Verdict | null
  reason: Reason | null
}

/**
 * Writes down in `/output/.vitrine/job.json` where everything came from: prompts, model, options and seeds, the image, the
 * verdict, and the hashes of all files as they are now.
 */
export async function keepAccount(
  { runs }: Account,
  job: Assignment,
  { began, modelDigest, verdict, reason }: Ended,
): Promise<void> {
  const { run, task, followUp, repeat, model, language, check, limits, image } = job
  const account = {
    job: job.job,
    runs: [
      ...runs.filter((before) => before.run !== run),
      {
        run,
        task,
        followUp,
        repeats: repeat,
        model: { name: model, digest: modelDigest },
        language,
        check,
        limits,
        image,
        agent: version,
        startedAt: began.toISOString(),
        finishedAt: new Date().toISOString(),
        verdict,
        reason,
        candidates: await candidatesOf(run),
        outputs: await hashes(),
      },
    ],
  }
  const refused = await writeOutput(path, [Buffer.from(`${JSON.stringify(account, null, 2)}\n`)])
  if (refused) throw new Error(refused)
}

/** Each one's `candidate.json` with the options of its prompt. */
async function candidatesOf(run: number): Promise<unknown[]> {
  const found: unknown[] = []
  for (let number = 1; ; number += 1) {
    const folder = `${output}/${candidateFolder(run, number)}`
    const prompt = await readJson(`${folder}/prompt.json`)
    if (!prompt) return found
    const body = (prompt['body'] ?? {}) as Record<string, unknown>
    const candidate = (await readJson(`${folder}/candidate.json`)) ?? { candidate: number }
    found.push({ ...candidate, think: body['think'], options: body['options'] })
  }
}

async function hashes(): Promise<z.infer<typeof Output>[]> {
  const found: z.infer<typeof Output>[] = []
  for (const file of (await listFiles()).files) {
    if (file.path === path) continue
    const read = await readOutput(file.path)
    if ('refused' in read) continue // It went meanwhile.
    const hash = createHash('sha256')
    await pipeline(read.content, hash)
    found.push({ path: file.path, bytes: read.bytes, sha256: hash.digest('hex') })
  }
  return found
}

async function readJson(file: string): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
  } catch {
    return undefined
  }
}
