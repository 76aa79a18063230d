import type { Language } from '@vitrine/contract/job.ts'

export type BadProgram = { language: Language; name: string; program: string; seconds?: number }

/** What a program that is none of these would print. */
export const wanted = 'hello 42\n'

/** Programs and texts that must never come out as succeeded, with `wanted` as their check; those that do run print something else. */
export const badPrograms: readonly BadProgram[] = [
  ...of('python', {
    'a missing bracket': 'print("hello", 42',
    'bad indentation': 'def f():\nprint("hello 42")\n\nf()',
    'another output': 'print("hello", 41)',
    'an output before an exception': 'print("hello 42")\nraise ValueError("no")',
    'a name that does not exist': 'print("hello", answer)',
    'an exit code': 'import sys\nprint("hello 42")\nsys.exit(3)',
    'input that nobody gives': 'name = input()\nprint("hello", 42)',
    'only a function': 'def hello():\n    print("hello 42")',
    'only comments': '# print("hello 42")',
    'the output twice': 'print("hello 42")\nprint("hello 42")',
    'the output on stderr': 'import sys\nprint("hello 42", file=sys.stderr)',
    'another language': 'const answer = 42;\nconsole.log(`hello ${answer}`);',
    'a kill of itself':
      'import os, signal\nprint("hello 42", flush=True)\nos.kill(os.getpid(), signal.SIGKILL)',
  }),
  ...of('javascript', {
    'a missing bracket': 'console.log("hello", 42',
    'another output': 'console.log("hello", 41);',
    'an output before an exception': 'console.log("hello 42");\nthrow new Error("no");',
    'a promise that is rejected': 'console.log("hello 42");\nPromise.reject(new Error("no"));',
    'an exit code': 'console.log("hello 42");\nprocess.exit(3);',
    'only a function': 'function hello() {\n  console.log("hello 42");\n}',
    'another language': 'def hello():\n    print("hello 42")\n\nhello()',
  }),
  ...of('bash', {
    'a missing fi': 'if true; then\n  echo hello 42',
    'an open here-document': 'cat <<EOF\nhello 42',
    'another output': 'echo hello 41',
    'an output before an error': 'echo hello 42\nfalse',
    'a command that does not exist': 'echo hello 42\nanswer_of_all_things',
    'an exit code': 'echo hello 42\nexit 3',
    'another language': 'print("hello 42")',
  }),
  {
    language: 'python',
    name: 'an endless loop',
    program: 'print("hello 42", flush=True)\nwhile True:\n    pass',
    seconds: 1,
  },
  { language: 'bash', name: 'an endless wait', program: 'echo hello 42\nsleep infinity', seconds: 1 },
]

/** Answers without a program. */
export const noPrograms: readonly string[] = [
  '',
  ' \n\n',
  "I'm sorry, but I can't help with that.",
  'hello 42',
  '```\nhello 42\n```',
  'The program would print:\n\n```text\nhello 42\n```',
  '<think>\nI could print "hello 42" with print("hello 42").',
  '```python\n```',
  '```python\ndef hello():\n    print("hello 42")\n```\n\nThis line prints:\n\n```python\n    print("hello 42")\n```',
  '1. Open an editor.\n2. Write a program.\n3. Run it.',
]

function of(language: Language, programs: Record<string, string>): BadProgram[] {
  return Object.entries(programs).map(([name, program]) => ({ language, name, program }))
}
