/**
 * Which of the small models that the Python package index has makes the better demonstration? Asks both for 24 simple
 * programs through the embedded engine, each in its own style, runs what they answer, and prints how many are right.
 *
 *     node bench/toy-models.ts [samples, default 8]
 */
import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { installDemonstration, installEngine } from '../packages/engine/src/install.ts'
import { GEMMA, SMOLLM, type DemonstrationModel } from '../packages/engine/src/models.ts'
import { startEngine } from '../packages/engine/src/start.ts'

const TASKS: readonly [task: string, stdout: string][] = [
  ['Print the numbers from 1 to 5, one per line.', '1\n2\n3\n4\n5'],
  ['Print the squares of the numbers 1 to 10, one per line.', '1\n4\n9\n16\n25\n36\n49\n64\n81\n100'],
  ['Print the sum of the numbers from 1 to 100.', '5050'],
  ['Print the even numbers from 2 to 20, one per line.', '2\n4\n6\n8\n10\n12\n14\n16\n18\n20'],
  ['Print the word "python" in upper case.', 'PYTHON'],
  ['Print the word "stressed" reversed.', 'desserts'],
  ['Print the length of the word "encyclopedia".', '12'],
  ['Count down from 5 to 1, one number per line, then print "Go!".', '5\n4\n3\n2\n1\nGo!'],
  ['Print 2 to the power of 16.', '65536'],
  ['Print the factorial of 7.', '5040'],
  ['Print the first 10 Fibonacci numbers, starting with 0, one per line.', '0\n1\n1\n2\n3\n5\n8\n13\n21\n34'],
  ['Print the prime numbers below 20, one per line.', '2\n3\n5\n7\n11\n13\n17\n19'],
  ['Print the multiplication table of 3 from 3 x 1 to 3 x 5, one result per line.', '3\n6\n9\n12\n15'],
  ['Print the largest number of the list [4, 17, 9, 2].', '17'],
  ['Print the list [5, 3, 8, 1] in ascending order.', '[1, 3, 5, 8]'],
  ['Print how many times the letter "s" occurs in "mississippi".', '4'],
  ['Print the remainder of 100 divided by 7.', '2'],
  ['Print the average of the list [2, 4, 6, 8].', '5.0'],
  ['Print the words "red", "green" and "blue", joined by a comma and a space.', 'red, green, blue'],
  ['Print a line of 10 asterisks.', '**********'],
  ['Print the number 255 in binary, without a prefix.', '11111111'],
  ['Print the cubes of the numbers 1 to 5, one per line.', '1\n8\n27\n64\n125'],
  ['Print "Hello" three times, each on its own line.', 'Hello\nHello\nHello'],
  ['Print the greatest common divisor of 48 and 36.', '12'],
]

const INSTRUCTIONS =
  'You write small Python programs. Answer with one complete program in a ```python block and nothing else.'

/** None of these is among the tasks. */
const EXAMPLES: readonly [task: string, program: string][] = [
  ['Print the numbers from 3 to 6, one per line.', 'for n in range(3, 7):\n    print(n)'],
  [
    'Print the product of the list [2, 3, 7].',
    'product = 1\nfor n in [2, 3, 7]:\n    product *= n\nprint(product)',
  ],
  ['Print the word "DOG" in lower case.', 'print("DOG".lower())'],
  ['Print 7 times 8.', 'print(7 * 8)'],
  ['Print the halves of the numbers 2 to 4, one per line.', 'for n in range(2, 5):\n    print(n / 2)'],
  ['Print the smallest number of the list [9, 4, 6].', 'print(min([9, 4, 6]))'],
]

const styles = { chat, completion }
const samples = Number(process.argv[2] ?? 8)
const models = join(process.env['VITRINE_CACHE_DIR'] ?? join(homedir(), '.cache/vitrine'), 'models')
const reporting = { progress: (line: string) => console.error(line) }

await installEngine(reporting)
const rows = [
  await measure(GEMMA, 'completion'),
  await measure(SMOLLM, 'completion'),
  await measure(SMOLLM, 'chat'),
]
console.log(`${TASKS.length} tasks with exact output, ${samples} samples each`)
console.table(rows)

async function measure(model: DemonstrationModel, style: keyof typeof styles) {
  const { file, name } = await installDemonstration(model, models, reporting)
  await using engine = await startEngine({ modelFile: file, name })
  const started = performance.now()
  let first = 0
  let any = 0
  let right = 0
  let tokens = 0
  let generating = 0
  for (const [task, stdout] of TASKS) {
    const passed: boolean[] = []
    for (let seed = 0; seed < samples; seed++) {
      const answer = await styles[style](engine.url, name, task, seed)
      tokens += answer.eval_count
      generating += answer.eval_duration
      passed.push((await outputOf(programIn(answer.text))).trimEnd() === stdout)
    }
    if (passed[0] === true) first++
    if (passed.includes(true)) any++
    right += passed.filter(Boolean).length
    reporting.progress(`${name} ${style}: ${passed.map((one) => (one ? '+' : '.')).join('')} ${task}`)
  }
  return {
    model: name,
    style,
    'first answer': first,
    [`any of ${samples}`]: any,
    'right answers': `${right}/${TASKS.length * samples}`,
    'tokens/s': Math.round(tokens / (generating / 1e9)),
    seconds: Math.round((performance.now() - started) / 1000),
  }
}

interface Answer {
  text: string
  eval_count: number
  /** Nanoseconds. */
  eval_duration: number
}

/** Greedy at first, then warmer, so that the samples differ. */
function options(seed: number) {
  return {
    seed,
    temperature: seed === 0 ? 0 : 0.8,
    top_p: 0.95,
    num_predict: 192,
    num_ctx: 2048,
    repeat_penalty: 1,
  }
}

async function chat(url: string, model: string, task: string, seed: number): Promise<Answer> {
  const messages = [
    { role: 'system', content: INSTRUCTIONS },
    { role: 'user', content: `Write a Python program: ${task}` },
  ]
  const body = await post(`${url}/api/chat`, { model, messages, options: options(seed), stream: false })
  return { ...body, text: body.message.content }
}

async function completion(url: string, model: string, task: string, seed: number): Promise<Answer> {
  const shots = EXAMPLES.map(([asked, program]) => `Task: ${asked}\n\`\`\`python\n${program}\n\`\`\`\n\n`)
  const prompt = `# Small Python programs\n\n${shots.join('')}Task: ${task}\n\`\`\`python\n`
  const raw = { model, prompt, raw: true, options: { ...options(seed), stop: ['```'] }, stream: false }
  const body = await post(`${url}/api/generate`, raw)
  return { ...body, text: body.response }
}

async function post(url: string, body: object) {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Omit<Answer, 'text'> & { response: string; message: { content: string } }
}

/** The first fenced block, or all of the text where there is none. */
function programIn(text: string): string {
  return /```(?:python)?\s*\n([^]*?)(?:```|$)/.exec(text)?.[1] ?? text
}

async function outputOf(program: string): Promise<string> {
  return await new Promise((resolve) => {
    const child = execFile(
      'python3',
      ['-I', '-c', program],
      { timeout: 5_000, maxBuffer: 1 << 16 },
      (error, stdout) => {
        resolve(error === null ? stdout : '')
      },
    )
    child.stdin?.end()
  })
}
