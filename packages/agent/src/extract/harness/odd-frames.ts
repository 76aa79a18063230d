import { ticks, file, commands, bad, tests, install } from './pieces.ts'
import type { Wrap } from './wrap.ts'

/** More of what stands around a marked program. */
export const oddFrames = {
  'answer tag': (t) => `<answer>\n${t}\n</answer>`,
  'final answer line': (t) => `Final Answer:\n\n${t}`,
  'role prefix': (t) => `assistant\n\n${t}`,
  'AI prefix': (t) => `AI: ${t}`,
  'horizontal rules': (t) => `---\n\n${t}\n\n---`,
  'sections of markdown': (t) =>
    `## Solution\n\n${t}\n\n## Sample output\n\n${ticks}\nhello 42\n${ticks}\n\n## Complexity\n\nO(n)`,
  'table before': (t) => `| a | b |\n| --- | --- |\n| 1 | \`x = 1\` |\n\n${t}`,
  'install before in bash fence': (t, _, l) => `Install:\n\n${ticks}bash\n${install[l]}\n${ticks}\n\n${t}`,
  'run with output behind': (t, _, l) =>
    `${t}\n\n${ticks}console\n$ ${commands[l]} ${file(l)}\nhello\n42\n${ticks}`,
  'BOM and CRLF': (t) => `\ufeff${t.replaceAll('\n', '\r\n')}`,
  'lone CR': (t) => t.replaceAll('\n', '\r'),
  'usage behind': (t, tag, l) =>
    `${t}\n\n### Usage\n\n${ticks}${tag}\n${commands[l]} ${file(l)} --help\n${ticks}`,
  'tests behind': (t, tag, l) => `${t}\n\nTests:\n\n${ticks}${tag}\n${tests[l]}\n${ticks}`,
  'draft before, fixed': (t, tag, l) =>
    `${ticks}${tag}\n${bad[l]}\n${ticks}\n\nThat has a bug. Fixed version:\n\n${t}`,
  'repetition behind': (t) => `${t}\n\n${'I hope this helps! '.repeat(500)}`,
  think: (t, tag, l) => `<think>\nOk. Draft:\n${ticks}${tag}\n${bad[l]}\n${ticks}\n</think>\n\n${t}`,
  'think without opening, with draft': (t, tag, l) =>
    `Ok. Draft:\n${ticks}${tag}\n${bad[l]}\n${ticks}\n</think>\n\n${t}`,
  'im_end glued': (t) => `${t}<|im_end|>`,
  'end of sentence glued': (t) => `${t}<｜end▁of▁sentence｜>`,
  'emoji prose': (t) => `🚀 **Sure!** Let's go:\n\n${t}\n\n✅ Done! 🎉`,
  'chinese prose': (t) => `好的,这是程序:\n\n${t}\n\n希望对你有帮助。`,
  'details without blanks': (t) => `<details><summary>Code</summary>\n${t}\n</details>`,
  'html comment before': (t, tag) => `<!-- language: ${tag} -->\n\n${t}`,
} satisfies Record<string, Wrap>
