import type { Language } from '@vitrine/contract/job.ts'
import type { Wrap } from './wrap.ts'

export const ticks = '```'
export const lines = (t: string, f: (l: string, n: number) => string) => t.split('\n').map(f).join('\n')
export const indented = (t: string, b: string) => lines(t, (l) => (l.trim() === '' ? l : b + l))
export const extensions: Record<Language, string> = { python: 'py', javascript: 'js', bash: 'sh' }
export const file = (l: Language) => `main.${extensions[l]}`
export const commands: Record<Language, string> = { python: 'python3', javascript: 'node', bash: 'bash' }
export const titles: Record<Language, string> = { python: 'Python', javascript: 'JavaScript', bash: 'Bash' }
export const fence: Wrap = (p, tag) => `${ticks}${tag}\n${p}\n${ticks}`
export const json = JSON.stringify
export const escaped = (p: string) =>
  p.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
export const allEscaped = (p: string) => escaped(p).replaceAll('"', '&quot;').replaceAll("'", '&#x27;')
export const pythonText = (p: string) =>
  p.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')
export const bad: Record<Language, string> = {
  python: 'def f(x):\n    return x - 1\n\nprint(f(3), "draft")',
  javascript: 'function f(x) {\n  return x - 1;\n}\nconsole.log(f(3), "draft");',
  bash: 'f() {\n  echo $(( $1 - 1 )) draft\n}\nf 3',
}
export const broken: Record<Language, string> = {
  python: 'print("draft"',
  javascript: 'console.log("draft"',
  bash: 'if true; then\n  echo draft',
}
export const tests: Record<Language, string> = {
  python:
    'import unittest\nfrom main import solve\n\n\nclass TestSolve(unittest.TestCase):\n    def test_one(self):\n        self.assertEqual(solve(1), 1)\n\n    def test_two(self):\n        self.assertEqual(solve(2), 2)\n\n    def test_three(self):\n        self.assertEqual(solve(3), 3)\n\n\nif __name__ == "__main__":\n    unittest.main()',
  javascript:
    'const assert = require("assert");\nconst { solve } = require("./main");\n\ndescribe("solve", () => {\n  it("works", () => {\n    assert.strictEqual(solve(1), 1);\n    assert.strictEqual(solve(2), 2);\n  });\n});',
  bash: '#!/usr/bin/env bats\n\n@test "prints" {\n  run bash main.sh\n  [ "$status" -eq 0 ]\n  [ "${lines[0]}" = "x" ]\n}',
}
export const install: Record<Language, string> = {
  python: 'pip install requests numpy',
  javascript: 'npm install lodash --save',
  bash: 'sudo apt-get install -y jq',
}
export const comment: Record<Language, string> = { python: '#', javascript: '//', bash: '#' }
export const tagged =
  (...of: [string, string, string]): Wrap =>
  (p, _, l) =>
    `${ticks}${of[['python', 'javascript', 'bash'].indexOf(l)]}\n${p}\n${ticks}`
export const around =
  (a: string, b: string): Wrap =>
  (p, tag, l) => {
    const fill = (s: string) => s.replaceAll('@', tag).replaceAll('%F', file(l))
    return `${fill(a)}\n${p}\n${fill(b)}`
  }
export const numbered =
  (f: (l: string, n: number) => string): Wrap =>
  (p, tag) =>
    `${ticks}${tag}\n${lines(p, f)}\n${ticks}`
export const notBash =
  (w: Wrap): Wrap =>
  (p, tag, l) =>
    l === 'bash' ? fence(p, tag, l) : w(p, tag, l)
export const onlyPython =
  (w: Wrap): Wrap =>
  (p, tag, l) =>
    l === 'python' ? w(p, tag, l) : fence(p, tag, l)
export const oneLiner =
  (w: Wrap): Wrap =>
  (p, tag, l) =>
    /\n|`/.test(p) ? fence(p, tag, l) : w(p, tag, l)
