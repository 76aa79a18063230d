import type { Language } from '@vitrine/contract/job.ts'

export type LanguageFacts = {
  /** As it stands in prompts. */
  name: string
  extension: string
  /** What models write behind the fence. The first is what our prompts show. */
  fences: readonly string[]
  /** Fails where the program has a syntax error; runs nothing of it. */
  compile: (path: string) => string[]
  run: (path: string) => string[]
  /** Lines that prose does not hold. */
  codeLine: RegExp
  comment: RegExp
  /** What is text within code, over several lines. */
  text: RegExp
  /** For prompts of the completion style; none is like a task that anybody measures with. */
  examples: readonly { task: string; program: string }[]
}

/** One entry for each language that a job may ask for. */
export const languages: Record<Language, LanguageFacts> = {
  python: {
    name: 'Python',
    extension: 'py',
    fences: ['python', 'python3', 'py', 'py3', 'python-3', 'ipython', 'pycon', 'py-console', 'python-script'],
    compile: (path) => [
      'python3',
      '-c',
      'import sys; sys.tracebacklimit = 0; compile(open(sys.argv[1], "rb").read(), sys.argv[1], "exec")',
      path,
    ],
    run: (path) => ['python3', path],
    codeLine:
      /^\s*(import \w|from [\w.]+ import |def \w+\s*\(|class \w+.*:|for .+ in .+:|while .+:|if .+:|elif .+:|else:|try:|except.*:|with .+:|return\b|(raise|assert|del|yield) |print\s*\(|@\w|[\p{L}\w.[\]'", ]+ [-+*/|&]?= ?\S|[\w.]+\(.*\)\s*$|\w+=[^=\s])/u,
    comment: /^\s*#/,
    text: /("""|''')[^]*?\1/g,
    examples: [
      {
        task: 'Ask nothing and print the word hello three times, each on its own line.',
        program: 'for _ in range(3):\n    print("hello")',
      },
      {
        task: 'Write a function that counts the vowels of a text, and print the result for "watermelon".',
        program:
          'def count_vowels(text):\n    return sum(1 for letter in text if letter in "aeiou")\n\n\nprint(count_vowels("watermelon"))',
      },
      {
        task: 'Print the sum of the list [4, 8, 15] and then its largest number.',
        program: 'numbers = [4, 8, 15]\nprint(sum(numbers))\nprint(max(numbers))',
      },
    ],
  },
  javascript: {
    name: 'JavaScript (Node.js)',
    extension: 'js',
    fences: [
      'javascript',
      'js',
      'node',
      'nodejs',
      'mjs',
      'cjs',
      'jsx',
      'ts',
      'typescript',
      'es',
      'ecmascript',
    ],
    compile: (path) => ['node', '--check', path],
    run: (path) => ['node', path],
    codeLine:
      /^\s*((const|let|var) [\w{[]|function\b.*\(|class \w+|import .+ from |import ['"]|export |if ?\(|for ?\(|while ?\(|return\b|console\.\w+\(|}\s*(else|catch|\)|;|,|$)|.*=>|.*[;{]\s*$|[\w.]+\(.*\)\s*;?$|module\.exports)/,
    comment: /^\s*(\/\/|\/\*|\*)/,
    text: /(?<!`)`(?!`)(?:[^`\\]|\\[^])*`(?!`)|\/\*[^]*?\*\//g,
    examples: [
      {
        task: 'Print the word hello three times, each on its own line.',
        program: 'for (let i = 0; i < 3; i++) {\n  console.log("hello");\n}',
      },
      {
        task: 'Write a function that counts the vowels of a text, and print the result for "watermelon".',
        program:
          'function countVowels(text) {\n  return [...text].filter((letter) => "aeiou".includes(letter)).length;\n}\n\nconsole.log(countVowels("watermelon"));',
      },
    ],
  },
  bash: {
    name: 'Bash',
    extension: 'sh',
    fences: ['bash', 'sh', 'shell', 'zsh', 'ksh', 'shellscript', 'shell-script'],
    // A here-document without its end is only warned of: it has swallowed the rest of the program.
    compile: (path) => [
      'bash',
      '-c',
      'told=$(bash -n "$1" 2>&1) && [[ $told != *here-document* ]] || { echo "$told"; false; }',
      'bash',
      path,
    ],
    run: (path) => ['bash', path],
    codeLine:
      /^\s*(#!|echo\b|printf\b|for \w+ in\b|for \(\(|while\b.*(do|;|\])|until |if \[|if .*then|then$|fi\b|do$|done\b|case .+ in|esac|\w+=\S*|\w+\s*\(\)\s*\{?|function \w+|(exit|false|true|cat|ls|mkdir|seq|awk|sed|grep|sort|expr|let|read|local|export|set|cd|touch|rm|cp|mv|find|date|bc|tr|cut|head|tail|wc|test)\b|\[\[? .+\]|[}{]$|\(\()/,
    comment: /^\s*#(?!!)/,
    text: /<<-?\s*(['"]?)(\w+)\1[^\n]*\n[^]*?\n\s*\2$|='[^']*'|="(?:[^"\\]|\\[^])*"/gm,
    examples: [
      {
        task: 'Print the word hello three times, each on its own line.',
        program: 'for i in 1 2 3; do\n  echo "hello"\ndone',
      },
      {
        task: 'Count the letters of the word watermelon and print the number.',
        program: 'word="watermelon"\necho "${#word}"',
      },
    ],
  },
}
