import type { Language } from '@vitrine/contract/job.ts'
import { foreignEndings, foreignFrames, foreignMarkings } from './foreign-wrappings.ts'
import type { Wrap } from './wrap.ts'

const ticks = '```'
const fence: Wrap = (p, tag) => `${ticks}${tag}\n${p}\n${ticks}`
const lines = (text: string, change: (line: string) => string) => text.split('\n').map(change).join('\n')
const indented = (text: string, blanks: string) =>
  lines(text, (line) => (line.trim() === '' ? line : blanks + line))
const extensions: Record<Language, string> = { python: 'py', javascript: 'js', bash: 'sh' }
const commands: Record<Language, string> = { python: 'python3', javascript: 'node', bash: 'bash' }
const usage: Wrap = (_, tag, language) => `${commands[language]} program.${extensions[language]}`

/** Ways to mark a program. */
export const markings = {
  'a fence': fence,
  'a fence with a short word': (p, _, language) => `${ticks}${extensions[language]}\n${p}\n${ticks}`,
  'a fence with a long word': (p, _, language) =>
    `${ticks}${{ python: 'Python3', javascript: 'JavaScript', bash: 'Shell' }[language]}\n${p}\n${ticks}`,
  'a fence without a word': (p) => `${ticks}\n${p}\n${ticks}`,
  'a fence with a blank before its word': (p, tag) => `${ticks} ${tag}\n${p}\n${ticks}`,
  'a fence with a title': (p, tag) => `${ticks}${tag} title="program.txt"\n${p}\n${ticks}`,
  'a fence with a file name': (p, tag) => `${ticks}${tag}:src/program.txt\n${p}\n${ticks}`,
  'a fence with attributes': (p, tag) => `${ticks}{.${tag} .numberLines}\n${p}\n${ticks}`,
  'a fence with an attribute of lines': (p, tag) => `${ticks}${tag} {1,3-4}\n${p}\n${ticks}`,
  'an indented fence': (p, tag) => indented(fence(p, tag, 'python'), '   '),
  tildes: (p, tag) => `~~~${tag}\n${p}\n~~~`,
  'a longer fence': (p, tag) => `${ticks}\`\`${tag}\n${p}\n${ticks}\`\``,
  'a fence closed behind the last line': (p, tag) => `${ticks}${tag}\n${p}${ticks}`,
  'blank lines in the fence': (p, tag) => `${ticks}${tag}\n\n\n${p}\n\n\n${ticks}`,
  'indentation in the fence': (p, tag) => `${ticks}${tag}\n${indented(p, '    ')}\n${ticks}`,
  'Markdown in a fence': (p, tag) =>
    `${ticks}markdown\n# The program\n\n${fence(p, tag, 'python')}\n${ticks}`,
  'tags of HTML': (p) => `<pre><code>${escaped(p)}</code></pre>`,
  'a tag of HTML with a class': (p, tag) =>
    `<pre>\n<code class="language-${tag}">${escaped(p)}\n</code>\n</pre>`,
  'tags in brackets': (p, tag) => `[${tag.toUpperCase()}]\n${p}\n[/${tag.toUpperCase()}]`,
  'a tag around it': (p) => `<answer>\n${p}\n</answer>`,
  'a tag around a fence': (p, tag) => `<answer>\n${fence(p, tag, 'python')}\n</answer>`,
  CDATA: (p) => `<code><![CDATA[\n${p}\n]]></code>`,
} satisfies Record<string, Wrap>

/** Ways to mark a program that nothing may follow. */
export const endings = {
  'no fence': (p) => p,
  'an unclosed fence': (p, tag) => `${ticks}${tag}\n${p}`,
  'an unclosed fence with prose behind': (p, tag) =>
    `${ticks}${tag}\n${p}\n\nThis program prints the result to the screen. It uses only the standard library.`,
  'an unclosed fence with a heading behind': (p, tag) =>
    `${ticks}${tag}\n${p}\n\n### Explanation\n\nThe program prints the result. Run it and see what comes out.`,
  'no fence in prose': (p) =>
    `Here is the program that you asked me for:\n\n${p}\n\nThis program prints what you wanted to see on the screen.`,
  JSON: (p) => JSON.stringify({ explanation: 'It works.', code: p }),
  'JSON with line ends': (p) => JSON.stringify({ language: 'any', program: p, done: true }, null, 2),
  'JSON in a fence': (p) =>
    `Here you are:\n\n${ticks}json\n${JSON.stringify({ code: p }, null, 2)}\n${ticks}`,
  'a tool call': (p) =>
    `<tool_call>\n${JSON.stringify({ name: 'run', arguments: { code: p } })}\n</tool_call>`,
  'a string of JSON': (p) => JSON.stringify(p),
  'the language in a line of its own': (p, tag) => `${tag}\n${p}`,
} satisfies Record<string, Wrap>

/** What stands around a marked program. */
export const frames = {
  nothing: (text) => text,
  prose: (text) => `Sure! Here is the program:\n\n${text}\n\nIt prints the result. Have fun!`,
  'prose without blank lines': (text) => `Here is the program:\n${text}\nIt prints the result.`,
  'an explanation with code in it': (text) =>
    `Here is a program for that.\n\n${text}\n\n**Explanation**\n\n1. \`x = 1\` would set a value.\n2. The call \`print(x)\` shows it.\n3. Change \`range(3)\` as you like.`,
  headings: (text) => `### Solution\n\n${text}\n\n### How it works\n\nThe program does what was asked for.`,
  'its output in a second fence': (text) =>
    `${text}\n\nOutput:\n\n${ticks}\n1\n2\n3\n4\n5\nsum = 15\nHello, world!\n${ticks}`,
  'its output in a fence called text': (text) =>
    `${text}\n\nWhen run, it prints:\n\n${ticks}text\n1\n2\n3\n${ticks}\n`,
  'how to run it in a second fence': (text, tag, language) =>
    `${text}\n\nSave it and run it:\n\n${ticks}sh\n${usage('', tag, language)}\n${ticks}`,
  'an installation before it': (text) =>
    `First install what it needs:\n\n${ticks}console\n$ apt-get install something\n$ something --version\n${ticks}\n\nThen:\n\n${text}`,
  'a bad version before it': (text, tag) =>
    `My first try was:\n\n${ticks}${tag}\nif (((\n${ticks}\n\nThat has a mistake. Corrected:\n\n${text}`,
  'a draft before it': (text, tag, language) =>
    `A first version:\n\n${fence(drafts[language], tag, language)}\n\nThat is not what you want. Here is the corrected version:\n\n${text}`,
  thinking: (text) => `<think>\nThe user wants a program. I could write one.\n</think>\n\n${text}`,
  'empty thinking': (text) => `<think>\n\n</think>\n\n${text}`,
  'thinking with a draft': (text, tag) =>
    `<think>\n${ticks}${tag}\nwrong(\n${ticks}\nHmm, no.\n</think>\n${text}`,
  'thinking without its opening': (text) =>
    `Okay, the user wants a program.\nLet me write it.\n</think>\n\n${text}`,
  CRLF: (text) => text.replaceAll('\n', '\r\n'),
  'a byte order mark': (text) => `\ufeff${text}`,
  'blanks around': (text) => `  \n\n\n${text}\n\n  \n`,
  'a quotation': (text) => lines(text, (line) => `> ${line}`),
  'a quotation without blanks': (text) =>
    lines(text, (line) => (line.trim() === '' ? `>${line}` : `> ${line}`)),
  'a list item': (text) => `1. Write this program:\n\n${indented(text, '   ')}\n\n2. Run it.`,
  'an item of dashes': (text) => `- The program:\n\n${indented(text, '  ')}\n- That is all.`,
  'the marks of a chat': (text) => `<|im_start|>assistant\n${text}<|im_end|>`,
  'the end mark of a chat': (text) => `${text}\n<|im_end|>\n<|endoftext|>`,
  'the mark of another chat': (text) => `${text}</s>`,
  'another turn': (text) =>
    `${text}\n<end_of_turn>\n<start_of_turn>user\nThanks! Can you explain it?<end_of_turn>`,
} satisfies Record<string, Wrap>

/** Whole answers: every marking in no frame and one frame around each; what the benchmark's simulated models send. */
export const answerWrappings: Record<string, Wrap> = {
  ...markings,
  ...foreignMarkings,
  ...endings,
  ...foreignEndings,
  ...Object.fromEntries(
    Object.entries<Wrap>({ ...frames, ...foreignFrames })
      .filter(([name]) => name !== 'nothing')
      .map(([name, frame]) => [`a fence in ${name}`, framed(fence, frame)]),
  ),
}

export function framed(marking: Wrap, ...around: Wrap[]): Wrap {
  return (program, tag, language) =>
    around.reduce((text, frame) => frame(text, tag, language), marking(program, tag, language))
}

/** A transcript of Python's prompt. */
export const transcript: Wrap = (p) =>
  p
    .split('\n')
    .map((line) => (line === '' ? '...' : /^[ \t)\]}]/.test(line) ? `... ${line}` : `>>> ${line}`))
    .join('\n')

const drafts: Record<Language, string> = {
  python: 'print("a draft")',
  javascript: 'console.log("a draft");',
  bash: 'echo "a draft"',
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
