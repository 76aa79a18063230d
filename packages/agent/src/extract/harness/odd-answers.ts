import {
  ticks,
  lines,
  indented,
  file,
  commands,
  titles,
  fence,
  json,
  bad,
  broken,
  tests,
  comment,
  notBash,
  oneLiner,
} from './pieces.ts'
import type { Wrap } from './wrap.ts'

const twoVersions =
  (before: string, between: string): Wrap =>
  (p, tag, l) =>
    `${before}\n\n${fence(bad[l], tag, l)}\n\n${between}\n\n${fence(p, tag, l)}`
const draft =
  (a: string, b: string): Wrap =>
  (p, tag, l) =>
    `${a}\n${fence(bad[l], tag, l)}\n${b}${fence(p, tag, l)}`
const behind =
  (text: string): Wrap =>
  (p, tag) =>
    `${ticks}${tag}\n${p}\n${text}`
const call =
  (a: string, b: string): Wrap =>
  (p) =>
    `${a}${json({ name: 'python', arguments: { code: p } })}${b}`

/** Whole answers with a program somewhere in them: calls, thoughts, chats that go on, parts, several versions. */
export const oddAnswers = {
  'one-liner in prose': oneLiner((p) => `You can use \`${p}\` to do that. It prints the result.`),
  'one-liner at the end': oneLiner((p) => `The answer is: \`${p}\``),
  'one-liner double ticks': oneLiner((p) => `The answer is: \`\`${p}\`\`.`),
  'one-liner bold': oneLiner((p) => `**${p}**`),
  'one-liner behind answer': oneLiner((p) => `Answer: ${p}`),
  'one-liner as bullet': oneLiner((p) => `- ${p}`),
  'lone CR': (p, tag, l) => `Here:\n\n${fence(p, tag, l)}\n`.replaceAll('\n', '\r'),
  'NEL ends': (p, tag, l) => fence(p, tag, l).replaceAll('\n', '\u0085'),
  'LS ends': (p, tag, l) => fence(p, tag, l).replaceAll('\n', '\u2028'),
  'PS ends': (p, tag, l) => fence(p, tag, l).replaceAll('\n', '\u2029'),
  'role json': (p, tag, l) =>
    json({ role: 'assistant', content: `Here it is:\n\n${fence(p, tag, l)}\n\nEnjoy.` }),
  'openai json': (p, tag, l) =>
    json({
      id: 'x',
      choices: [
        { index: 0, message: { role: 'assistant', content: fence(p, tag, l) }, finish_reason: 'stop' },
      ],
    }),
  'ollama json': (p, tag, l) => json({ model: 'm', response: fence(p, tag, l), done: true }),
  'openai tool calls': (p) =>
    json({
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'run', arguments: json({ code: p }) } }],
    }),
  'llama json': (p) => json({ name: 'python', parameters: { code: p } }),
  'llama json in prose': (p) =>
    `I will use the tool.\n\n${json({ name: 'python', parameters: { code: p } })}\n\nThat prints it.`,
  'function xml json': (p) => `<function=python>${json({ code: p })}</function>`,
  'mistral calls': call('[TOOL_CALLS][', ']'),
  'mistral calls new': (p) => `[TOOL_CALLS]python[ARGS]${json({ code: p })}`,
  functools: call('functools[', ']'),
  'phi call': call('<|tool_call|>[', ']<|/tool_call|>'),
  'granite call': call('<|tool_call|>[', ']'),
  'kimi calls': (p) =>
    `<|tool_calls_section_begin|><|tool_call_begin|>functions.python:0<|tool_call_argument_begin|>${json({ code: p })}<|tool_call_end|><|tool_calls_section_end|>`,
  'deepseek calls': (p) =>
    `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>python\n${ticks}json\n${json({ code: p })}\n${ticks}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
  'harmony call': (p) =>
    `<|channel|>analysis<|message|>I run it.<|end|><|start|>assistant<|channel|>commentary to=python <|constrain|>json<|message|>${json({ code: p })}<|call|>`,
  'harmony call code': (p) => `<|channel|>commentary to=python code<|message|>${p}<|call|>`,
  'tool call unclosed': call('<tool_call>\n', ''),
  'tool call lacks a brace': (p) =>
    `<tool_call>\n${json({ name: 'run', arguments: { code: p } }).slice(0, -1)}\n</tool_call>`,
  'json cut at its end': (p) => json({ explanation: 'x', code: p }).slice(0, -2),
  'json cut within a later text': (p) =>
    json({ code: p, explanation: 'It prints what was asked for and then' }).slice(0, -12),
  'json behind prose': (p) => `Sure, here it is:\n${json({ code: p }, null, 2)}`,
  'json between prose': (p) =>
    `Sure, here it is:\n\n${json({ language: 'any', code: p, explanation: 'It prints.' }, null, 2)}\n\nI hope that this helps you.`,
  'json lines': (p) => `${json({ type: 'text', text: 'Sure.' })}\n${json({ type: 'code', code: p })}`,
  'json with unicode escapes': (p) =>
    json({ code: p }).replace(
      /[<>&'\u0080-\uffff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  'json fence behind think': (p) => `<think>\nok\n</think>\n${ticks}json\n${json({ code: p })}\n${ticks}`,
  'json list of files': (p, _, l) =>
    json([
      { path: 'README.md', content: '# Program' },
      { path: file(l), content: p },
    ]),
  'json command': (p, _, l) =>
    json({ thoughts: { text: 'ok' }, command: { name: 'write_file', args: { filename: file(l), text: p } } }),
  'json answer with fence': (p, tag, l) => json({ answer: `Here:\n${fence(p, tag, l)}\nBye.` }),
  'json in unclosed json fence': (p) => `${ticks}json\n${json({ code: p }, null, 2)}`,
  'json in bare fence': (p) => `${ticks}\n${json({ code: p }, null, 2)}\n${ticks}`,
  'pythonic call': (p) => `[run_python(code=${json(p)})]`,
  'pythonic call triple quotes': (p, tag, l) =>
    p.includes("'''") || p.includes('\\') ? fence(p, tag, l) : `run_python(code='''${p}''')`,
  'yaml strip block': (p) => `program:\n  language: any\n  code: |-\n${indented(p, '    ')}\n  done: true\n`,
  'yaml in fence': (p) => `${ticks}yaml\nname: it\ncode: |\n${indented(p, '  ')}\ndone: true\n${ticks}`,
  'yaml files': (p, _, l) => `files:\n  - name: ${file(l)}\n    content: |\n${indented(p, '      ')}\n`,
  'yaml quoted': (p) => `language: any\ncode: ${json(p)}\n`,
  'xml with data': (p) =>
    `<?xml version="1.0"?>\n<response>\n  <language>any</language>\n  <code><![CDATA[${p}]]></code>\n</response>`,
  'react agent own line': (p) =>
    `Thought: I should write a program.\nAction: python\nAction Input:\n${p}\nObservation: 42\n`,
  'think unclosed then fence': (p, tag, l) =>
    `<think>\nThey want a program. I could print it.\n\n${fence(p, tag, l)}\n\nThat is it.`,
  'think unclosed with draft': draft(
    '<think>\nThey want a program. A first try:\n',
    '\nNo, that is wrong. Better:\n\n',
  ),
  'program only in thought': (p, tag, l) =>
    `<think>\nThey want a program.\n\n${fence(p, tag, l)}\n\nThat should do.\n</think>`,
  'program only in thought, hint outside': (p, tag, l) =>
    `<think>\nThey want a program.\n\n${fence(p, tag, l)}\n</think>\n\nThe program above prints what you asked for.`,
  'think in the middle': (p, tag, l) =>
    `Sure.\n<think>\nA program. Hmm.\n</think>\nHere it is:\n\n${fence(p, tag, l)}`,
  'think within a line': (p, tag, l) =>
    `Sure. <think>A program. Hmm.</think> Here it is:\n\n${fence(p, tag, l)}`,
  'think opened within a line, with draft': draft('Okay! <think>A program.', 'No.\n</think>\n'),
  'think with attributes': draft('<think effort="low">', '</think>\n'),
  'think closed by another name': draft('<think>', '</thinking>\n'),
  'think with unclosed draft fence': (p, tag, l) =>
    `<think>\n${ticks}${tag}\n${bad[l]}\nHmm.\n</think>\n${fence(p, tag, l)}`,
  'end of think glued to the fence': (p, tag, l) => `<think>\nHm.\n</think>${fence(p, tag, l)}`,
  'end of think glued to code': (p) => `<think>\nHm.\n</think>${p}`,
  'two thinks': draft('<think>\nHm.\n</think>\nOk.\n<think>', '</think>\n'),
  'thoughts tag': draft('<thoughts>', '</thoughts>\n<response>\n'),
  'analysis tag': draft('<analysis>\nA draft:', '</analysis>\n\n'),
  'scratchpad tag': draft('<scratchpad>', '</scratchpad>\n<answer>\n'),
  'reflection tags': draft(
    '<thinking>\nPlan.\n<reflection>',
    'Wrong.\n</reflection>\n</thinking>\n<output>\n',
  ),
  'kimi thinking': draft('◁think▷', '◁/think▷\n'),
  'seed thinking': draft('<seed:think>', '</seed:think>\n'),
  'token thinking': draft('<|begin_of_thought|>', '<|end_of_thought|>\n<|begin_of_solution|>\n'),
  'gemma channel': draft('<|channel>thought', '<channel|>'),
  'medgemma thought': draft('<unused94>thought', '<unused95>'),
  'thought upper case': draft('<THINK>', '</THINK>\n'),
  'bold thinking': (p, tag, l) =>
    `**Thinking:**\n\nFirst I thought of this:\n\n${fence(broken[l], tag, l)}\n\n**Answer:**\n\n${fence(p, tag, l)}`,
  'think escaped': (p, tag, l) => `&lt;think&gt;\nA draft.\n&lt;/think&gt;\n\n${fence(p, tag, l)}`,
  'harmony final code without fence': (p) => `<|start|>assistant<|channel|>final<|message|>${p}<|return|>`,
  'harmony analysis only': (p, tag, l) =>
    `<|channel|>analysis<|message|>They want a program:\n${fence(p, tag, l)}\n<|end|>`,
  'im_end glued to code': (p, tag) => `${ticks}${tag}\n${p}<|im_end|>`,
  'im_end glued to bare code': (p) => `${p}<|im_end|>`,
  's mark glued to code': (p, tag) => `${ticks}${tag}\n${p}</s>`,
  's mark glued to bare code': (p) => `${p}</s>`,
  'eot mark glued to bare code': (p) => `${p}<|eot_id|>`,
  'end_of_text glued': (p) => `${p}<|end_of_text|>`,
  'end of text then another task': (p, tag, l) =>
    `${fence(p, tag, l)}<|endoftext|>Human: Write another one.\n\nAssistant: ${fence(bad[l], tag, l)}`,
  'deepseek end mark glued': (p, tag, l) => `${fence(p, tag, l)}<｜end▁of▁sentence｜>`,
  'deepseek end mark glued to code': (p, tag) => `${ticks}${tag}\n${p}<｜end▁of▁sentence｜>`,
  'deepseek end mark glued to bare code': (p) => `${p}<｜end▁of▁sentence｜>`,
  'deepseek roles': (p, tag, l) => `<｜Assistant｜>${fence(p, tag, l)}<｜end▁of▁sentence｜><｜User｜>Thanks!`,
  'phi roles': (p, tag, l) => `<|assistant|>\n${fence(p, tag, l)}<|end|>`,
  'phi next user': (p, tag, l) =>
    `${fence(p, tag, l)}\n<|end|>\n<|user|>\nAnother\n<|end|>\n<|assistant|>\n${fence(bad[l], tag, l)}`,
  'llama roles': (p, tag, l) =>
    `<|start_header_id|>assistant<|end_header_id|>\n\n${fence(p, tag, l)}<|eot_id|>`,
  'alpaca next turn': (p, tag, l) =>
    `${fence(p, tag, l)}\n\n### Instruction:\nWrite another one.\n\n### Response:\n${fence(bad[l], tag, l)}`,
  'user next turn': (p, tag, l) =>
    `${fence(p, tag, l)}\n\nUser: Write another one.\n\nAssistant:\n${fence(bad[l], tag, l)}`,
  'inst marks glued': (p, tag, l) => `[INST] Do it [/INST]${fence(p, tag, l)}</s>`,
  'fim marks': (p) => `<fim_prefix>${p}<fim_suffix><fim_middle>`,
  'fim marks of qwen': (p) => `<|fim_prefix|>${p}<|fim_suffix|><|fim_middle|>`,
  'pad marks': (p, tag, l) => `<pad><pad>${fence(p, tag, l)}<pad><pad><pad>`,
  'eos marks': (p, tag, l) => `<bos>${fence(p, tag, l)}<eos>`,
  'sep marks': (p, tag, l) => `[CLS] ${fence(p, tag, l)} [SEP]`,
  'cut within the closing fence 1': behind('`'),
  'cut within the closing fence 2': behind('``'),
  'unclosed, prose glued': behind('This program prints the result to the screen and then it ends.'),
  'unclosed, list behind': behind('\n1. First it sets a value.\n2. Then it prints the value.\n'),
  'unclosed, bold behind': behind(
    '\n**Explanation:** This prints the result.\n\n- **First**: a value\n- **Then**: printed',
  ),
  'unclosed, question behind': behind('\nIs there anything else that I can help you with?'),
  'unclosed, lower case prose': behind('\nthis prints the result. let me know if you need more.'),
  'unclosed, smiley': behind('\nHappy coding! 😊'),
  'unclosed, german': behind('\nDieses Programm gibt das Ergebnis aus. Viel Spaß damit!'),
  'unclosed, chinese': behind('\n这个程序会打印结果。'),
  'unclosed, inline code behind': behind(
    '\nThe function `f(x)` computes it; `print()` shows it (see above).',
  ),
  'unclosed, Output behind': behind('\nOutput:\nhello 42'),
  'bare, prose glued before and behind': (p) =>
    `Here is the code:\n${p}\nThis prints the result to the screen.`,
  'bare, lower case prose': (p) => `sure, here you go:\n\n${p}\n\nhope that helps!`,
  'bare, chinese prose': (p) => `当然,这是程序:\n\n${p}\n\n希望对你有帮助。`,
  'bare, german prose': (p) => `Hier ist das Programm:\n\n${p}\n\nEs gibt das Ergebnis aus.`,
  'bare, numbered explanation': (p) =>
    `${p}\n\nExplanation:\n1. It sets values.\n2. It prints them with print().\n3. Done.`,
  'bare, Copy Edit': (p, tag) => `${tag}\nCopy\nEdit\n${p}`,
  'bare, Run Copy code': (p, _, l) => `${titles[l]}\n\nRun\n\nCopy code\n${p}`,
  'bare, file name': (p, _, l) => `${file(l)}\n${p}`,
  'bare, name in a sentence': (p, _, l) =>
    `Save this as ${file(l)}:\n\n${p}\n\nThen run: ${commands[l]} ${file(l)}`,
  'second corrected': twoVersions('Here:', 'However, this has a bug. Here is the corrected version:'),
  'second fixed': twoVersions('This is what you have:', 'The fix:'),
  'bug shown first': (p, tag, l) =>
    `The bug is in this line:\n\n${fence(bad[l].split('\n')[0]!, tag, l)}\n\nFixed:\n\n${fence(p, tag, l)}`,
  'long buggy file shown first': (p, tag, l) =>
    `Your file:\n\n${fence(Array(6).fill(bad[l]).join('\n'), tag, l)}\n\nThe whole program with the fix:\n\n${fence(p, tag, l)}`,
  'an alternative behind': (p, tag, l) =>
    `${fence(p, tag, l)}\n\nAlternatively, you could write:\n\n${fence(bad[l], tag, l)}`,
  'an example of use behind': (p, tag, l) =>
    `${fence(p, tag, l)}\n\nExample usage:\n\n${fence({ bash: './main.sh 5', python: 'result = solve(5)\nprint(result)', javascript: 'const result = solve(5);\nconsole.log(result);' }[l], tag, l)}`,
  'tests behind': (p, tag, l) => `${fence(p, tag, l)}\n\nUnit tests:\n\n${fence(tests[l], tag, l)}`,
  'excerpts behind': (p, tag, l) =>
    `${fence(p, tag, l)}\n\nLine by line:\n\n${p
      .split('\n')
      .filter((x) => x.trim())
      .slice(0, 5)
      .map((x) => `${fence(x, tag, l)}\nThis line does something.`)
      .join('\n\n')}`,
  'again, cut': (p, tag, l) =>
    `${fence(p, tag, l)}\n\nHere it is again:\n\n${ticks}${tag}\n${p.slice(0, Math.ceil(p.length * 0.6))}`,
  'prose repeated': (p, tag, l) => `${fence(p, tag, l)}\n\n${'The program prints the result. '.repeat(800)}`,
  'lines repeated': (p, tag, l) =>
    `${fence(p, tag, l)}\n\n${'Let me know if you have any questions!\n\n'.repeat(300)}`,
  'fences repeated': (p, tag, l) => `${fence(p, tag, l)}\n${`${ticks}\n`.repeat(200)}`,
  'unclosed, comments repeated': (p, tag, l) =>
    `${ticks}${tag}\n${p}\n${`${comment[l]} The program prints the result.\n`.repeat(300)}`,
  'unclosed, blank lines repeated': behind('\n'.repeat(3000)),
  'refusal first': (p, tag, l) =>
    `I'm sorry, but I can't run programs. However, here is one:\n\n${fence(p, tag, l)}`,
  'refusal behind': (p, tag, l) => `${fence(p, tag, l)}\n\nI'm sorry, but I can't run it for you.`,
  'two languages': (p, tag, l) =>
    `In Ruby:\n\n${ticks}ruby\nputs "draft"\nputs 1 + 1\nputs [1, 2].sum\nputs 3\n${ticks}\n\nIn ${titles[l]}:\n\n${fence(p, tag, l)}`,
  'files in one answer': (p, tag, l) =>
    `Project:\n\n${ticks}\nproject/\n├── ${file(l)}\n└── README.md\n${ticks}\n\n**README.md**\n${ticks}markdown\n# Project\n${ticks}\n\n**${file(l)}**\n${fence(p, tag, l)}`,
  'json config before': (p, tag, l) =>
    `${ticks}json\n{\n  "name": "x",\n  "code": "y"\n}\n${ticks}\n\n${fence(p, tag, l)}`,
  'sse lines': (p, tag) => lines(fence(p, tag, 'python'), (x) => `data: ${x}`),
  'plan with inline code first': (p, tag, l) =>
    `Plan:\n\n1. Use \`import os\`.\n2. Call \`print("x")\`.\n\n${fence(p, tag, l)}`,
  'pseudo code first': (p, tag, l) =>
    `${ticks}\nset x to 1\nfor each item print it\nend\n${ticks}\n\n${fence(p, tag, l)}`,
  'patch that updates': (p, _, l) =>
    `*** Begin Patch\n*** Update File: ${file(l)}\n@@\n-${bad[l].split('\n')[0]}\n${lines(p, (x) => `+${x}`)}\n*** End Patch`,
  'apply_patch in a shell': notBash(
    (p, _, l) =>
      `${ticks}sh\napply_patch <<'PATCH'\n*** Begin Patch\n*** Add File: ${file(l)}\n${lines(p, (x) => `+${x}`)}\n*** End Patch\nPATCH\n${ticks}`,
  ),
} satisfies Record<string, Wrap>
